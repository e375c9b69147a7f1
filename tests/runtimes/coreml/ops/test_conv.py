from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import run
from tests.runtimes.coreml.ops import naive

from portproof.device_profiles.errors import PortproofError

RNG = np.random.default_rng(0)


def _random(*shape: int, dtype: str = "float32") -> np.ndarray:
    return RNG.uniform(-1, 1, shape).astype(dtype)


def _close(got: np.ndarray, want: np.ndarray, tolerance: float = 1e-5) -> None:
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * max(1.0, np.abs(want).max()))


SAME = {  # (size, kernel, stride, dilation) -> before, after
    (7, 3, 2, 1): (1, 1),
    (8, 3, 2, 1): (0, 1),
    (5, 2, 1, 1): (0, 1),
    (5, 3, 1, 2): (2, 2),
    (4, 1, 3, 1): (0, 0),
}


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(("geometry", "pads"), SAME.items())
def test_same_puts_the_larger_half_behind(rank: int, geometry: tuple[int, ...], pads: tuple[int, int]) -> None:
    size, kernel, stride, dilation = geometry
    x, weight = _random(2, 3, *[size] * rank), _random(4, 3, *[kernel] * rank)
    options: dict[str, Any] = {"strides": [stride] * rank, "dilations": [dilation] * rank}
    got = run("conv", "float32", x=x, weight=weight, pad_type="same", **options)
    _close(got, naive.conv(x, weight, pads=[pads] * rank, **options))
    lower = run("conv", "float32", x=x, weight=weight, pad_type="same_lower", opset="CoreML6", **options)
    _close(lower, naive.conv(x, weight, pads=[pads[::-1]] * rank, **options))


@pytest.mark.parametrize("pads", [[(1, 1), (2, 2)], [(0, 3), (2, 1)], [(0, 0), (0, 0)]])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_padding_of_ones_own_and_groups(pads: list[tuple[int, int]], groups: int) -> None:
    x, weight, bias = _random(2, 4, 5, 7), _random(8, 4 // groups, 3, 2), _random(8)
    options: dict[str, Any] = {"strides": [2, 1], "dilations": [1, 2], "groups": groups}
    flat = [amount for pair in pads for amount in pair]
    got = run("conv", "float32", x=x, weight=weight, bias=bias, pad_type="custom", pad=flat, **options)
    _close(got, naive.conv(x, weight, pads=pads, **options) + bias[:, None, None])


def test_defaults_are_no_padding_and_steps_of_one() -> None:
    x, weight = _random(1, 3, 3, 3), _random(3, 3, 3, 3)
    want = naive.conv(x, weight, strides=[1, 1], dilations=[1, 1], pads=[(0, 0)] * 2)
    _close(run("conv", "float32[1,3,1,1]", x=x, weight=weight), want)
    # What a file says of `pad` matters for pad_type custom alone.
    _close(run("conv", "float32", x=x, weight=weight, pad_type="valid", pad=[5, 5, 5, 5]), want)


def test_sums_of_float16_are_rounded_once() -> None:
    x, weight = _random(1, 64, 9, 9, dtype="float16"), _random(8, 64, 3, 3, dtype="float16")
    want = naive.conv(x, weight, strides=[1, 1], dilations=[1, 1], pads=[(1, 1)] * 2)
    got = run("conv", "float16", x=x, weight=weight, pad_type="custom", pad=[1, 1, 1, 1])
    assert np.array_equal(got, got.astype(np.float16).astype(np.float32))
    # One half of the distance between neighbours in float16, and what float32 sums lose.
    assert np.all(np.abs(got - want) <= np.abs(want) * 2**-11 + 1e-5)
    kept = run("conv", "float16", x=x, weight=weight, pad_type="custom", pad=[1, 1, 1, 1], precision="minimum")
    _close(kept, want)
    assert not np.array_equal(kept, kept.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize("per_channel", [False, True])
def test_quantized_weights_are_scaled_and_shifted(per_channel: bool) -> None:
    x, weight = _random(1, 2, 5, 5), RNG.integers(0, 256, (3, 2, 2, 2)).astype(np.uint8)
    scale, shift = (_random(3), _random(3)) if per_channel else (_random(), _random())
    dense = weight * scale.reshape(-1, 1, 1, 1) + shift.reshape(-1, 1, 1, 1)
    options: dict[str, Any] = {"quant_scale": scale, "quant_bias": shift, "pad_type": "valid"}
    got = run("conv_quantized", "float32", x=x, weight=weight, quantization_type="linear", nbits=8, **options)
    _close(got, naive.conv(x, dense, strides=[1, 1], dilations=[1, 1], pads=[(0, 0)] * 2))
    with pytest.raises(PortproofError, match="only linear"):
        run("conv_quantized", "float32", x=x, weight=weight, quantization_type="lut", **options)
    with pytest.raises(PortproofError, match="do not fit into 4 bits"):
        run("conv_quantized", "float32", x=x, weight=weight, quantization_type="linear", nbits=4, **options)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"pad_type": "SAME_UPPER"}, "no pad_type 'SAME_UPPER'"),
        ({"pad_type": "custom"}, None),
        ({"pad_type": "custom", "pad": [1, 1]}, "pad has to hold 4 numbers"),
        ({"pad_type": "custom", "pad": [1, 1, -1, 1]}, "pad has to hold 4 numbers of 0 or more"),
        ({"pad_type": "same_lower"}, "comes with iOS 16"),
        ({"strides": [1]}, "strides has to hold 2 numbers"),
        ({"strides": [0, 1]}, "strides has to hold 2 numbers of 1 or more"),
        ({"dilations": [1, 1, 1]}, "dilations has to hold 2"),
    ],
)
def test_what_is_refused(parameters: dict[str, Any], why: str | None) -> None:
    x, weight = _random(1, 2, 4, 4), _random(2, 2, 3, 3)
    if why is None:  # no padding was given, and none is the default
        assert run("conv", "float32", x=x, weight=weight, **parameters).shape == (1, 2, 2, 2)
        return
    with pytest.raises(PortproofError, match=why) as raised:
        run("conv", "float32", x=x, weight=weight, **parameters)
    assert raised.value.code == "E-RUN"


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(PortproofError, match="do not fit"):
        run("conv", "float32", x=_random(2, 4, 4), weight=_random(2, 2, 3, 3))
    with pytest.raises(PortproofError, match="do not fit"):
        run("conv_transpose", "float32", x=_random(2, 4, 4), weight=_random(2, 2, 3, 3))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    ("stride", "kernel", "dilation", "groups"), [(2, 3, 1, 1), (1, 2, 2, 2), (3, 2, 1, 1), (2, 2, 1, 2)]
)
def test_transposed(rank: int, stride: int, kernel: int, dilation: int, groups: int) -> None:
    size = 3
    x, weight = _random(1, 4, *[size] * rank), _random(4, 3, *[kernel] * rank)
    bias = _random(3 * groups)
    options: dict[str, Any] = {"strides": [stride] * rank, "dilations": [dilation] * rank, "groups": groups}
    full = (size - 1) * stride + (kernel - 1) * dilation + 1
    shape = (-1, *[1] * rank)
    for pad_type, pad, before, left in [
        ("valid", None, 0, full),
        ("custom", [1, 0] * rank, 1, full - 1),
        ("custom", [0, 1] * rank, 0, full - 1),
        ("same", None, max(0, full - size * stride) // 2, size * stride),
    ]:
        got = run("conv_transpose", "float32", x=x, weight=weight, bias=bias, pad_type=pad_type, pad=pad, **options)
        want = naive.conv_transpose(x, weight, cut=[before] * rank, sizes=[left] * rank, **options)
        _close(got, want + bias.reshape(shape))


def test_same_undoes_same() -> None:
    """The gradient of a convolution by its input, by definition."""
    y, weight = _random(1, 2, 4, 3), _random(2, 3, 3, 3)
    got = run(
        "conv_transpose",
        "float32[1,3,7,6]",
        x=y,
        weight=weight,
        pad_type="same",
        strides=[2, 2],
        output_shape=[1, 3, 7, 6],
    )
    for place in [(0, 0, 0, 0), (0, 1, 6, 5), (0, 2, 3, 2)]:
        one = np.zeros((1, 3, 7, 6), np.float32)
        one[place] = 1
        forward = run("conv", "float32", x=one, weight=weight, pad_type="same", strides=[2, 2])
        np.testing.assert_allclose(got[place], (forward * y).sum(), rtol=1e-4, atol=1e-5)


def test_output_shape_beyond_the_sums_is_the_bias() -> None:
    x, weight, bias = _random(1, 1, 2), _random(1, 1, 2), np.array([0.5], np.float32)
    got = run("conv_transpose", "float32", x=x, weight=weight, bias=bias, strides=[4], output_shape=[1, 1, 8])
    want = naive.conv_transpose(x, weight, strides=[4], dilations=[1], cut=[0], sizes=[8]) + 0.5
    _close(got, want)
    assert got[0, 0, 6] == got[0, 0, 7] == 0.5


def test_transposed_refusals() -> None:
    x, weight = _random(1, 1, 2), _random(1, 1, 2)
    with pytest.raises(PortproofError, match="no pad_type 'same_lower'"):
        run("conv_transpose", "float32", x=x, weight=weight, pad_type="same_lower", opset="CoreML8")
    with pytest.raises(PortproofError, match="does not begin with"):
        run("conv_transpose", "float32", x=x, weight=weight, output_shape=[1, 2, 3])
    with pytest.raises(PortproofError, match="has more than"):
        run("conv_transpose", "float32", x=x, weight=weight, strides=[2**31 - 1])

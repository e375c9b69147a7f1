import numpy as np
import pytest

from portproof.exporter.coreml.weights.linear import quantize

W = np.random.default_rng(0).standard_normal((6, 32, 3)).astype(np.float32)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_scale_for_each_channel_reaches_the_largest(dtype: str) -> None:
    weights = W.astype(dtype)
    made = quantize(weights, (1, 32, 3), 8)
    assert made is not None
    assert (made.data.dtype, made.scale.dtype, made.scale.shape) == (np.int8, np.dtype(dtype), (6, 1, 1))
    np.testing.assert_allclose(made.scale[:, 0, 0], np.abs(weights).max((1, 2)) / 127, rtol=1e-3)
    assert np.abs(made.data).max((1, 2)).tolist() == [127] * 6
    rounding = np.finfo(dtype).eps * np.abs(weights)
    assert (np.abs(made.dense() - weights.astype(np.float64)) <= made.scale / 2 + rounding).all()


def test_what_is_computed_with_is_number_times_scale() -> None:
    made = quantize(W.astype(np.float16), (1, 16, 3), 4)
    assert made is not None
    assert made.scale.shape == (6, 2, 1)
    for channel in range(6):
        for place in range(32):
            want = np.float16(
                made.data[channel, place].astype(np.float32) * np.float32(made.scale[channel, place // 16, 0])
            )
            np.testing.assert_array_equal(made.dense()[channel, place], want)
    assert (made.data.min(), made.data.max()) == (-8, 7)


def test_four_bits_do_better_with_a_cut_range() -> None:
    weights = W.copy()
    weights[0, 0, 0] = 4.5
    made = quantize(weights, (1, 32, 3), 4)
    assert made is not None
    assert made.scale[0, 0, 0] < 4.5 / 7
    plain = weights[0] - np.clip(np.rint(weights[0] / (4.5 / 7)), -8, 7) * (4.5 / 7)
    assert ((made.dense()[0] - weights[0]) ** 2).sum() < (plain**2).sum()


def test_zeros_stay_zeros() -> None:
    weights = W.copy()
    weights[2] = 0
    for bits in (4, 8):
        made = quantize(weights, (1, 32, 3), bits)
        assert made is not None
        assert not made.dense()[2].any()
        assert made.scale[2, 0, 0] == 1


def test_scales_that_float16_does_not_hold() -> None:
    assert quantize((W * 1e-6).astype(np.float16), (1, 32, 3), 8) is None
    assert quantize(W * np.float32(1e-6), (1, 32, 3), 8) is not None

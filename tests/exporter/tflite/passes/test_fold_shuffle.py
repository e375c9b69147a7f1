"""Channel shuffles: as ShuffleNet writes them, in odd and equal sizes, and where they must stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model
from portproof.exporter.tflite.layout.assign import assign_layouts
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.passes.fold_shuffle import FoldShuffle
from portproof.exporter.tflite.passes.pipeline import after_layout, before_layout

HEAD = '<ir_version: 9, opset_import: ["" : 18]> g (float[1,%d,%d,%d] x) => (%s) {%s}'
SHUFFLE = "{a}r = Reshape({a}, {g}split) {a}t = Transpose<perm = [0,2,1,3,4]>({a}r) {b} = Reshape({a}t, {g}join)"


def shuffle(a: str, b: str) -> str:
    return SHUFFLE.format(a=a, b=b, g="")


def conv(a: str, b: str, w: str, rest: str = "") -> str:
    return f"{b} = Conv{rest}({a}, {w})"


def weights(*shape: int, seed: int = 0) -> np.ndarray:
    """Of a size that keeps sums near 1: in another order they differ by roundings of 1, not of what cancels out."""
    chance = np.random.default_rng([seed, *shape])
    return (chance.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def run(
    body: str, x: tuple[int, int, int], outputs: str = "float[1,c,h,w] y", **constants: np.ndarray
) -> dict[str, int]:
    channels, height, width = x
    model = model_of(HEAD % (channels, height, width, outputs, body), **constants)
    check(model, {"x": np.random.default_rng(0).standard_normal((1, *x)).astype(np.float32)})
    return convert_model(model).op_counts


def shuffle_shapes(groups: int, x: tuple[int, int, int]) -> dict[str, np.ndarray]:
    channels, height, width = x
    return {
        "split": np.array([1, groups, channels // groups, height, width]),
        "join": np.array([1, channels, height, width]),
    }


@pytest.mark.parametrize(("groups", "x"), [(2, (8, 5, 3)), (3, (9, 4, 4)), (4, (4, 4, 4)), (2, (6, 6, 6))])
def test_in_front_of_a_convolution(groups: int, x: tuple[int, int, int]) -> None:
    channels = x[0]
    body = f"{conv('x', 'a', 'v')} {shuffle('a', 'b')} {conv('b', 'y', 'w')}"
    shapes = shuffle_shapes(groups, x)
    counts = run(body, x, v=weights(channels, channels, 1, 1), w=weights(5, channels, 1, 1), **shapes)
    assert counts == {"CONV_2D": 2}


def unit(index: int, half: int) -> str:
    """One ShuffleNetV2 unit on p{index}: half passes, half is convolved, then both are shuffled."""
    k = index
    return (
        f"l{k}, h{k} = Split<axis = 1, num_outputs = 2>(p{k}) u{k} = Conv(h{k}, w{k}) q{k} = Relu(u{k}) "
        f"c{k} = Concat<axis = 1>(l{k}, q{k}) {shuffle(f'c{k}', f'p{k + 1}')}"
    )


@settings(max_examples=12, deadline=None)
@given(half=st.integers(1, 9), units=st.integers(1, 4), size=st.integers(1, 4))
def test_units_of_a_shufflenet(half: int, units: int, size: int) -> None:
    x = (2 * half, size, size)
    start = conv("x", "p0", "v")
    body = " ".join([start, *[unit(k, half) for k in range(units)], conv(f"p{units}", "y", "z")])
    constants = {f"w{k}": weights(half, half, 1, 1, seed=k) for k in range(units)}
    counts = run(
        body, x, v=weights(2 * half, 2 * half, 1, 1), z=weights(3, 2 * half, 1, 1), **constants, **shuffle_shapes(2, x)
    )
    # For one pixel all layouts are one, and the channels may lie on another axis than the last.
    assert size == 1 or "TRANSPOSE" not in counts


def test_through_what_keeps_channels_apart() -> None:
    x = (6, 6, 6)
    depthwise = conv("b", "d", "w", "<group = 6, strides = [2,2], pads = [1,1,1,1]>")
    body = f"{conv('x', 'a', 'v')} {shuffle('a', 'b')} {depthwise} e = Relu(d) {conv('e', 'y', 'z')}"
    constants = {"v": weights(6, 6, 1, 1), "w": weights(6, 1, 3, 3), "z": weights(4, 6, 1, 1)}
    assert "TRANSPOSE" not in run(body, x, **constants, **shuffle_shapes(2, x))


def test_two_readers_of_one_shuffle() -> None:
    x = (6, 3, 3)
    body = f"{conv('x', 'a', 'v')} {shuffle('a', 'b')} {conv('b', 'd', 'w')} {conv('b', 'e', 'z')} y = Add(d, e)"
    constants = {"v": weights(6, 6, 1, 1), "w": weights(4, 6, 1, 1), "z": weights(4, 6, 1, 1, seed=1)}
    assert "TRANSPOSE" not in run(body, x, **constants, **shuffle_shapes(2, x))


@pytest.mark.parametrize(
    "tail",
    [
        "y = Relu(b)",
        "s = Softmax<axis = 1>(b) y = Conv(s, w)",
        "s = Mul(b, b) y = Conv(s, w)",
        "y = Conv<group = 3>(b, grouped)",
    ],
)
def test_what_cares_about_the_order_keeps_it(tail: str) -> None:
    x = (6, 3, 3)
    constants = {"v": weights(6, 6, 1, 1), "w": weights(4, 6, 1, 1), "grouped": weights(6, 2, 1, 1)}
    used = {name: array for name, array in constants.items() if name == "v" or name in tail}
    counts = run(f"{conv('x', 'a', 'v')} {shuffle('a', 'b')} {tail}", x, **used, **shuffle_shapes(2, x))
    assert counts["TRANSPOSE"] >= 1


def test_channels_that_are_added_keep_it() -> None:
    """A PAD of the channel axis puts its zeros at one end, whatever the order of the others."""
    x = (6, 3, 3)
    body = f"{conv('x', 'a', 'v')} {shuffle('a', 'b')} p = Pad(b, more) {conv('p', 'y', 'w')}"
    constants = {"v": weights(6, 6, 1, 1), "w": weights(4, 8, 1, 1), "more": np.array([0, 2, 0, 0, 0, 0, 0, 0])}
    assert run(body, x, **constants, **shuffle_shapes(2, x))["TRANSPOSE"] >= 1


def test_one_reader_that_cares_keeps_the_shuffle_for_all() -> None:
    x = (6, 3, 3)
    body = f"{conv('x', 'a', 'v')} {shuffle('a', 'b')} {conv('b', 'y', 'w')} z = Relu(b)"
    outputs = "float[1,c,h,w] y, float[1,6,3,3] z"
    counts = run(body, x, outputs, v=weights(6, 6, 1, 1), w=weights(4, 6, 1, 1), **shuffle_shapes(2, x))
    assert counts["TRANSPOSE"] >= 1


def test_concatenations_without_a_shuffle_are_left_alone() -> None:
    body = f"{conv('x', 'a', 'v')} {conv('x', 'b', 'w')} c = Concat<axis = 1>(b, a) {conv('c', 'y', 'z')}"
    constants = {"v": weights(3, 6, 1, 1), "w": weights(3, 6, 1, 1, seed=1), "z": weights(4, 6, 1, 1)}
    assert run(body, (6, 3, 3), **constants) == {"CONCATENATION": 1, "CONV_2D": 3}


def test_twice_changes_nothing() -> None:
    x = (6, 3, 3)
    constants = {"v": weights(6, 6, 1, 1), "w": weights(4, 6, 1, 1), **shuffle_shapes(2, x)}
    body = f"{conv('x', 'a', 'v')} {shuffle('a', 'b')} {conv('b', 'y', 'w')}"
    lowered = before_layout(lower(model_of(HEAD % (*x, "float[1,c,h,w] y", body), **constants)))
    assign_layouts(lowered, free_io=True)
    assert not FoldShuffle()(after_layout(lowered)).modified

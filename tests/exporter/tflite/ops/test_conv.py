import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of, tflite_outputs
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal, refusal


def conv(x: np.ndarray, w: np.ndarray, bias: np.ndarray | None = None, **attributes):
    constants = {"w": w} if bias is None else {"w": w, "b": bias}
    return node_model("Conv", {"x": x}, constants=constants, **attributes)


def near(model, inputs: dict[str, np.ndarray], **keywords) -> None:
    check(model, inputs, rtol=1e-4, atol=1e-5, **keywords)


@pytest.mark.parametrize("size", [(1, 4, 9, 7), (2, 4, 4, 4), (1, 4, 8, 8)])
@pytest.mark.parametrize(
    ("attributes", "group"),
    [
        ({}, 1),
        ({"pads": [1, 1, 1, 1]}, 1),
        ({"pads": [0, 0, 1, 1], "strides": [2, 2]}, 1),
        ({"pads": [1, 1, 1, 1], "strides": [2, 2]}, 4),
        ({"auto_pad": "SAME_LOWER", "strides": [2, 1]}, 2),
        ({"auto_pad": "SAME_UPPER"}, 4),
        ({"auto_pad": "VALID", "strides": [1, 2]}, 4),
        ({"pads": [2, 2, 2, 2], "dilations": [2, 2]}, 1),
        ({"pads": [2, 2, 2, 2], "dilations": [2, 2], "strides": [2, 2]}, 1),
        ({"pads": [2, 1, 2, 1], "dilations": [2, 1]}, 4),
        ({"pads": [2, 2, 2, 2], "dilations": [2, 2], "strides": [2, 2]}, 4),
        ({"pads": [2, 0, 1, 3]}, 4),
        ({"pads": [1, 1, 1, 1], "strides": [2, 1]}, 4),
        ({"pads": [1, 1, 1, 1], "strides": [2, 2]}, 2),
    ],
)
def test_conv_2d(size: tuple[int, ...], attributes: dict, group: int) -> None:
    x = normal(*size)
    near(conv(x, normal(8, 4 // group, 3, 3), normal(8), group=group, **attributes), {"x": x})


@pytest.mark.parametrize("group", [1, 2, 4])
def test_both_kernel_sets_agree(group: int) -> None:
    x, w = normal(2, 4, 5, 6), normal(8, 4 // group, 3, 2)
    model = conv(x, w, group=group, strides=[2, 1], pads=[1, 1, 0, 1])
    near(model, {"x": x})
    from portproof.exporter.tflite.conversion import convert_model

    data = convert_model(model, io_layout="keep").data
    fast, plain = (tflite_outputs(data, {"x": x}, reference=flag)["y"] for flag in (False, True))
    np.testing.assert_allclose(fast, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("group", [1, 3])
def test_conv_1d(group: int) -> None:
    x = normal(2, 3, 8)
    model = conv(x, normal(6, 3 // group, 3), normal(6), group=group, strides=[2], pads=[1, 2], dilations=[2])
    near(model, {"x": x})


@pytest.mark.parametrize(
    ("group", "attributes"),
    [(1, {}), (1, {"pads": [1] * 6, "strides": [1, 2, 2]}), (2, {"pads": [0, 1, 0, 0, 1, 2]})],
)
def test_conv_3d(group: int, attributes: dict) -> None:
    x = normal(1, 4, 4, 4, 4)
    near(conv(x, normal(4, 4 // group, 2, 3, 2), normal(4), group=group, **attributes), {"x": x})


def test_padding_that_tflite_knows_needs_no_pad() -> None:
    x, w = normal(1, 3, 8, 8), normal(4, 3, 3, 3)
    assert "PAD" not in ops_of(conv(x, w, pads=[1, 1, 1, 1]))
    assert "PAD" in ops_of(conv(x, w, pads=[1, 1, 1, 1], strides=[2, 2]))
    assert "PAD" not in ops_of(conv(x, w, pads=[0, 0, 1, 1], strides=[2, 2]))


@pytest.mark.parametrize(("group", "multiplier"), [(1, 1), (4, 1), (2, 1)])
def test_weights_computed_at_run_time(group: int, multiplier: int) -> None:
    x, w, bias = normal(1, 4, 5, 5), normal(4, 4 // group, 3, 3), normal(4)
    near(node_model("Conv", {"x": x, "w": w, "b": bias}, group=group), {"x": x, "w": w, "b": bias})


def test_float16_is_computed_in_float32() -> None:
    x, w = normal(1, 2, 5, 5).astype(np.float16), normal(3, 2, 3, 3).astype(np.float16)
    check(conv(x, w), {"x": x}, oracle="reference", rtol=1e-2, atol=1e-2)


@SMALL
@given(st.data())
def test_any_window(data: st.DataObject) -> None:
    def pick(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    group = data.draw(st.sampled_from([1, 2, 4]))
    kernel, strides, dilations = ([pick(1, 3), pick(1, 3)] for _ in range(3))
    x = normal(pick(1, 2), 4, pick(1, 6), pick(1, 6))
    pads = [pick(0, 2) for _ in range(4)]
    assume(all(x.shape[2 + i] + pads[i] + pads[2 + i] > (kernel[i] - 1) * dilations[i] for i in (0, 1)))
    model = conv(x, normal(4, 4 // group, *kernel), group=group, strides=strides, dilations=dilations, pads=pads)
    near(model, {"x": x})


def test_double_precision_is_told() -> None:
    x = np.zeros((1, 3, 8, 8), np.float64)
    assert "float64" in narrowed(conv(x, np.zeros((4, 3, 3, 3))))


def test_four_spatial_axes_are_refused() -> None:
    assert "1 to 3 axes, not 4" in refusal(conv(normal(1, 1, 3, 3, 3, 3), normal(1, 1, 2, 2, 2, 2)))


@pytest.mark.parametrize("group", [1, 2])
def test_weights_of_a_3d_convolution_computed_at_run_time(group: int) -> None:
    inputs = {"x": normal(2, 4, 4, 4, 4), "w": normal(4, 4 // group, 2, 3, 3, seed=1), "b": normal(4, seed=2)}
    for options in ({}, {"strides": [2, 1, 2], "pads": [1, 1, 0, 0, 1, 2]}, {"dilations": [2, 1, 1]}):
        check(node_model("Conv", inputs, group=group, **options), inputs, rtol=1e-4, atol=1e-5)

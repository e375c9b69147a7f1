import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal, refusal


def deconv(x: np.ndarray, w: np.ndarray, bias: np.ndarray | None = None, **attributes):
    constants = {"w": w} if bias is None else {"w": w, "b": bias}
    return node_model("ConvTranspose", {"x": x}, constants=constants, **attributes)


def near(model, inputs: dict[str, np.ndarray], **keywords) -> None:
    check(model, inputs, rtol=1e-4, atol=1e-5, **keywords)


FORMS = [
    {},
    {"strides": [2, 2]},
    {"strides": [2, 2], "pads": [1, 1, 1, 1]},
    {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
    {"strides": [2, 3], "pads": [0, 1, 1, 0]},
    {"strides": [4, 5]},
    {"strides": [4, 4], "output_padding": [3, 2]},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"auto_pad": "SAME_LOWER", "strides": [2, 1]},
    {"auto_pad": "VALID", "strides": [2, 1]},
    {"output_shape": [9, 8], "strides": [2, 2]},
    {"output_shape": [8, 8], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
    {"dilations": [2, 1], "strides": [2, 2], "pads": [1, 0, 0, 1]},
    {"dilations": [2, 2]},
    {"pads": [1, 1, 1, 1]},
    {"pads": [2, 2, 2, 2]},
]


@pytest.mark.parametrize("group", [1, 2, 4])
@pytest.mark.parametrize("attributes", FORMS, ids=str)
def test_forms_of_padding(attributes: dict, group: int) -> None:
    x = normal(1, 4, 4, 4)
    near(deconv(x, normal(4, 8 // group, 3, 3), normal(8), group=group, **attributes), {"x": x})


@pytest.mark.parametrize("kernel", [2, 4])
def test_upsampling_by_two_is_one_kernel(kernel: int) -> None:
    x, pad = normal(2, 3, 4, 4), (kernel - 2) // 2
    model = deconv(x, normal(3, 5, kernel, kernel), strides=[2, 2], pads=[pad] * 4)
    assert set(ops_of(model)) == {"TRANSPOSE", "TRANSPOSE_CONV"}
    near(model, {"x": x})


def test_depthwise_is_a_depthwise_convolution() -> None:
    x = normal(1, 4, 5, 3)
    model = deconv(x, normal(4, 1, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1], group=4)
    assert "DEPTHWISE_CONV_2D" in ops_of(model)
    near(model, {"x": x})


@pytest.mark.parametrize("group", [1, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_one_axis(group: int, dilation: int) -> None:
    x = normal(2, 3, 3)
    attributes = {"strides": [3], "pads": [1, 0], "dilations": [dilation], "group": group}
    near(deconv(x, normal(3, 6 // group, 3), normal(6), **attributes), {"x": x})


@pytest.mark.parametrize("group", [1, 2])
def test_three_axes(group: int) -> None:
    x = normal(1, 2, 3, 3, 3)
    attributes = {"strides": [1, 2, 2], "pads": [0, 1, 0, 1, 0, 1], "group": group}
    near(deconv(x, normal(2, 4 // group, 2, 3, 2), normal(4), **attributes), {"x": x})


def test_weights_computed_at_run_time() -> None:
    inputs = {"x": normal(1, 3, 3, 3), "w": normal(3, 2, 3, 3)}
    near(node_model("ConvTranspose", inputs, strides=[2, 2]), inputs)
    near(node_model("ConvTranspose", inputs), inputs)
    near(node_model("ConvTranspose", inputs, dilations=[2, 2], strides=[1, 2], pads=[1, 0, 1, 2]), inputs)


@pytest.mark.parametrize("group", [2, 4])
def test_weights_of_groups_and_volumes_computed_at_run_time(group: int) -> None:
    inputs = {"x": normal(1, 4, 3, 3), "w": normal(4, 2, 3, 3), "b": normal(2 * group)}
    near(node_model("ConvTranspose", inputs, group=group, strides=[2, 1]), inputs)
    inputs = {"x": normal(1, 4, 3, 3, 3), "w": normal(4, 1, 2, 2, 2), "b": normal(group)}
    near(node_model("ConvTranspose", inputs, group=group, strides=[2, 1, 1]), inputs)


@SMALL
@given(st.data())
def test_any_window(data: st.DataObject) -> None:
    def pair(low: int, high: int) -> list[int]:
        return [data.draw(st.integers(low, high)) for _ in range(2)]

    group = data.draw(st.sampled_from([1, 2, 4]))
    kernel, strides, dilations, size = pair(1, 3), pair(1, 4), pair(1, 2), pair(1, 4)
    pads, extra = pair(0, 2) + pair(0, 2), pair(0, 1)
    assume(all(extra[i] < strides[i] for i in (0, 1)))
    full = [(size[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 + extra[i] for i in (0, 1)]
    assume(all(full[i] - pads[i] - pads[i + 2] > 0 for i in (0, 1)))
    x = normal(1, 4, *size)
    attributes = {"strides": strides, "dilations": dilations, "pads": pads, "output_padding": extra}
    near(deconv(x, normal(4, 4 // group, *kernel), normal(4), group=group, **attributes), {"x": x})


def test_double_precision_is_told() -> None:
    assert "float64" in narrowed(deconv(np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 2, 2))))


def test_forms_that_onnx_contradicts_are_refused() -> None:
    x, w = normal(1, 1, 4, 4), normal(1, 1, 3, 3)
    same = {"auto_pad": "SAME_UPPER", "strides": [2, 2], "output_padding": [1, 0]}
    assert "output_padding together" in refusal(deconv(x, w, **same))
    assert "smaller than the input" in refusal(deconv(x, w, output_shape=[3, 4]))

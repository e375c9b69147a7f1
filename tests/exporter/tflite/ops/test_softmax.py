import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import few, nodes, refused, sample, sizes, told, verify

OPS = ["Softmax", "LogSoftmax", "Hardmax"]


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("axis", [None, 0, 1, 2, 3, -1, -3])
@pytest.mark.parametrize("opset", [13, 23])
def test_axes(op: str, axis: int | None, opset: int) -> None:
    verify(op, sample((2, 3, 3, 4)), axis=axis, opset=opset, atol=2e-6)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("axis", [None, 0, 1, 2, 3])
def test_old_opsets_flatten_from_the_axis_on(op: str, axis: int | None) -> None:
    verify(op, sample((2, 3, 3, 4)), axis=axis, opset=11, atol=2e-6)


def test_negative_axis_of_opset_11() -> None:
    verify("Softmax", sample((2, 3, 4)), axis=-2, opset=11)


def test_last_axis_needs_no_transpose() -> None:
    verify("Softmax", sample((2, 3, 4)), expect=["SOFTMAX"])
    verify("Softmax", sample((2, 3, 4)), axis=1, expect=["SOFTMAX", "TRANSPOSE", "TRANSPOSE"])


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_large_and_masked_scores(op: str) -> None:
    x = np.array([[1e4, 1e4 - 1, 0], [-np.inf, 0, 1], [-1e9, -1e9, 3]], np.float32)
    verify(op, x)


def test_first_of_equal_maxima() -> None:
    verify("Hardmax", np.array([[1, 3, 3, 0], [2, 2, 2, 2]], np.float32))


@pytest.mark.parametrize("op", OPS)
def test_half_floats(op: str) -> None:
    verify(op, sample((3, 5), "float16"), oracle="reference", rtol=3e-3, atol=2e-3)


@pytest.mark.parametrize("op", OPS)
def test_double_precision_is_told(op: str) -> None:
    told(nodes(op, sample((2, 2), "float64")), op, "float64")


@pytest.mark.parametrize(("axis", "opset"), [(3, 13), (-4, 13), (4, 11), (-4, 11)])
def test_axes_that_do_not_exist_are_refused(axis: int, opset: int) -> None:
    model, fed = nodes("Softmax", sample((2, 3, 4)), opset=opset)
    model.graph.node(0).attributes["axis"] = ir.AttrInt64("axis", axis)
    refused((model, fed), "rank 3")


@few
@given(st.lists(sizes, min_size=1, max_size=6), st.data())
def test_any_shape(shape: list[int], data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    verify(data.draw(st.sampled_from(OPS)), sample(shape), axis=axis, opset=data.draw(st.sampled_from([11, 13])))

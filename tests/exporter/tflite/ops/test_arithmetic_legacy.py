import numpy as np
import pytest
from tests.exporter.tflite.ops.numeric_support import nodes, refused, sample, verify

# ONNX Runtime has no kernels for these opsets, so numpy says what is right.
OPS = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": np.power,
    "Less": np.less,
    "Greater": np.greater,
}


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize(
    ("shape", "axis"), [((3,), 1), ((3, 3), 1), ((2,), 0), ((3, 4), None), ((), None), ((3, 4), -2)]
)
def test_second_operand_is_put_at_an_axis(op: str, shape: tuple, axis: int | None) -> None:
    x, y = sample((2, 3, 3, 4), positive=True), sample(shape, seed=1, positive=True)
    start = 4 - len(shape) if axis is None else axis % 4
    placed = y.reshape(shape + (1,) * (4 - start - len(shape)))
    verify(op, x, y, constant=[1], opset=6, broadcast=1, axis=axis, want=OPS[op](x, placed))


@pytest.mark.parametrize(("op", "function"), [("And", np.logical_and), ("Or", np.logical_or), ("Xor", np.logical_xor)])
def test_booleans(op: str, function: np.ufunc) -> None:
    x, y = sample((2, 3, 3), "bool"), sample((3,), "bool", seed=1)
    verify(op, x, y, opset=6, broadcast=1, axis=1, want=function(x, y[:, None]))


def test_equal_shapes_need_no_broadcast() -> None:
    x, y = sample((2, 2), "int32"), sample((2, 2), "int32", seed=1)
    y[0] = x[0]
    verify("Equal", x, y, opset=6, want=x == y)


def test_other_shapes_without_broadcast_are_refused() -> None:
    refused(nodes("Add", sample((2, 3)), sample((3,)), opset=6), "broadcast=1")


def test_axes_that_do_not_fit_are_refused() -> None:
    refused(nodes("Add", sample((2, 3)), sample((3, 2)), opset=6, broadcast=1, axis=1), "do not fit")

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.ops.numeric_support import SIGNED, SPECIAL, few, nodes, refused, sample, sizes, told, verify

from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write

X = np.linspace(-9, 9, 37, dtype=np.float32).reshape(1, 37)


def bound(number: float | None, dtype: str = "float32") -> list[np.ndarray]:
    return [] if number is None else [np.array(number, dtype)]


@pytest.mark.parametrize(
    ("low", "high", "expect"),
    [
        (0, 6, ["RELU6"]),
        (-1, 1, ["RELU_N1_TO_1"]),
        (0, np.inf, ["RELU"]),
        (0, None, ["RELU"]),
        (0, 1, ["MAXIMUM", "MINIMUM"]),
        (-2.5, 3, ["MAXIMUM", "MINIMUM"]),
        (2, None, ["MAXIMUM"]),
        (-np.inf, 2, ["MINIMUM"]),
        (3, -3, ["MAXIMUM", "MINIMUM"]),
    ],
)
def test_constant_bounds(low: float, high: float | None, expect: list[str]) -> None:
    verify("Clip", X, *bound(low), *bound(high), constant=[1, 2], expect=expect, oracle="reference")


def test_first_bound_may_be_left_out() -> None:
    model, fed = nodes("Clip", X, np.float32(2), constant=[1])
    node = model.graph.node(0)
    limit = node.inputs[1]
    node.resize_inputs(3)
    node.replace_input_with(1, None)
    node.replace_input_with(2, limit)
    got = tflite_outputs(write(lower(model)), fed)["y"]
    np.testing.assert_array_equal(got, np.minimum(X, 2))


@pytest.mark.parametrize(("low", "high"), [(-1.0, 2.0), (None, 2.0), (-1.0, None), (None, None), (0.0, 6.0)])
@pytest.mark.parametrize("opset", [6, 10])
def test_bounds_as_attributes(low: float | None, high: float | None, opset: int) -> None:
    want = np.clip(X, -np.inf if low is None else low, np.inf if high is None else high)
    verify("Clip", X, opset=opset, min=low, max=high, want=want)


@pytest.mark.parametrize("opset", [11, 12, 13])
def test_bounds_computed_at_run_time(opset: int) -> None:
    verify("Clip", X, *bound(-2), *bound(2.5), opset=opset)


@pytest.mark.parametrize("dtype", [*SIGNED, "uint8", "float16"])
def test_types(dtype: str) -> None:
    x = sample((4, 4), dtype)
    want = np.clip(x, np.array(2, dtype), np.array(50, dtype))
    verify("Clip", x, *bound(2, dtype), *bound(50, dtype), constant=[1, 2], want=want)
    verify("Clip", x, *bound(0, dtype), *bound(6, dtype), constant=[1, 2], want=np.clip(x, 0, 6).astype(dtype))


def test_nan_gets_through() -> None:
    verify("Clip", SPECIAL, *bound(-0.5), *bound(0.5), constant=[1, 2], want=np.clip(SPECIAL, -0.5, 0.5))


def test_ends_of_the_type_bound_nothing() -> None:
    info = np.iinfo("int32")
    x = np.array([info.min, 0, info.max], np.int32)
    verify("Clip", x, *bound(info.min, "int32"), *bound(info.max, "int32"), constant=[1, 2], want=x)


@pytest.mark.parametrize("alpha", [None, 0.0, 2.5, -1.0])
def test_thresholded_relu(alpha: float | None) -> None:
    verify("ThresholdedRelu", X, alpha=alpha)


@pytest.mark.parametrize(("bias", "lambd"), [(0.0, 1.5), (1.5, 1.5), (None, None), (0.5, 2.0), (0.0, -1.0)])
def test_shrink(bias: float | None, lambd: float | None) -> None:
    verify("Shrink", X, bias=bias, lambd=lambd)


def test_double_precision_is_told() -> None:
    told(nodes("Shrink", sample((2,), "float64")), "float64")


@pytest.mark.parametrize("op", ["Clip", "Relu", "Softmax", "ReduceMax", "Add", "MatMul"])
def test_bfloat16_is_refused(op: str) -> None:
    x = np.zeros((2, 2), ml_dtypes.bfloat16)
    others = {"Clip": [np.zeros((), ml_dtypes.bfloat16)], "Add": [x], "MatMul": [x]}.get(op, [])
    refused(nodes(op, x, *others, constant=[1]), op, "bfloat16")


@few
@given(st.lists(sizes, max_size=6), st.floats(-3, 3, width=32), st.floats(-3, 3, width=32), st.booleans())
def test_any_shape(shape: list[int], low: float, high: float, constant: bool) -> None:
    verify("Clip", sample(shape), *bound(low), *bound(high), constant=[1, 2] if constant else [], oracle="reference")

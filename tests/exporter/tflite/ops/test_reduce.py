import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.ops.numeric_support import SIGNED, few, nodes, refused, sample, sizes, verify

from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write

OPS = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum"]
OPS += ["ReduceLogSumExp", "ReduceSumSquare"]
AXES = [[0], [1], [-1], [0, 2], [2, 0], [-1, -3], [0, 1, 2]]
NUMPY = {"ReduceSum": np.sum, "ReduceProd": np.prod, "ReduceMax": np.max, "ReduceMin": np.min}


def ints(numbers: list[int]) -> np.ndarray:
    return np.array(numbers, np.int64)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("keepdims", [0, 1])
def test_axes(op: str, keepdims: int) -> None:
    x = sample((2, 3, 3), positive=True)
    for axes in AXES:
        verify(op, x, ints(axes), constant=[1], keepdims=keepdims)


@pytest.mark.parametrize("op", OPS)
def test_axes_as_an_attribute(op: str) -> None:
    x = sample((2, 3, 3), positive=True)
    verify(op, x, opset=11, axes=[1, -1], keepdims=0)
    verify(op, x, opset=11)
    if op != "ReduceSum":
        verify(op, x, opset=17, axes=[0])


@pytest.mark.parametrize("op", OPS)
def test_no_axes_mean_all(op: str) -> None:
    x = sample((2, 3), positive=True)
    verify(op, x)
    verify(op, x, ints([]), constant=[1], keepdims=0)


@pytest.mark.parametrize("op", OPS)
def test_no_axes_may_mean_none(op: str) -> None:
    """Only the steps before and behind the reduction are left (schema of opset 18)."""
    x = sample((2, 3), positive=True)
    composed = {"ReduceL1": np.abs, "ReduceL2": np.abs, "ReduceLogSum": np.log, "ReduceSumSquare": np.square}
    want = composed.get(op, np.asarray)(x)
    verify(op, x, noop_with_empty_axes=1, want=want)
    verify(op, x, ints([]), constant=[1], noop_with_empty_axes=1, want=want)


@pytest.mark.parametrize("op", [*NUMPY, "ReduceL1", "ReduceSumSquare"])
@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32"])
def test_integers_are_exact(op: str, dtype: str) -> None:
    x = sample((3, 4, 2), dtype)
    by_hand = {
        "ReduceL1": lambda a, **how: np.sum(np.abs(a), **how),
        "ReduceSumSquare": lambda a, **h: np.sum(a * a, **h),
    }
    want = (NUMPY | by_hand)[op](x, axis=1, keepdims=True).astype(dtype)
    verify(op, x, ints([1]), constant=[1], want=want, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_integer_means_truncate_toward_zero(dtype: str) -> None:
    x = np.array([[-5, 0], [5, 2], [-1, 0]], dtype)
    verify("ReduceMean", x, ints([1]), constant=[1], want=np.array([[-2], [3], [0]], dtype))


@pytest.mark.parametrize("dtype", [*SIGNED, "uint8", "float16"])
@pytest.mark.parametrize("op", ["ReduceMax", "ReduceMin"])
def test_extremes_of_every_type(op: str, dtype: str) -> None:
    x = sample((4, 5), dtype)
    verify(op, x, ints([0]), constant=[1], want=NUMPY[op](x, axis=0, keepdims=True))


@pytest.mark.parametrize("op", ["ReduceMax", "ReduceMin"])
def test_booleans(op: str) -> None:
    x = sample((5, 3), "bool")
    verify(op, x, ints([1]), constant=[1], want=NUMPY[op](x, axis=1, keepdims=True), opset=20)


@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMean", "ReduceL2"])
def test_half_floats(op: str) -> None:
    verify(op, sample((3, 4), "float16"), ints([1]), constant=[1], oracle="reference", rtol=3e-3, atol=3e-3)


def test_log_sum_exp_neither_overflows_nor_loses_infinity() -> None:
    x = np.array([[1000, 1000], [-np.inf, -np.inf], [-np.inf, 2], [np.inf, 0], [-1000, -1001]], np.float32)
    want = np.array([1000 + np.log(2), -np.inf, 2, np.inf, -1000 + np.log1p(np.exp(-1))], np.float32)
    model, fed = nodes("ReduceLogSumExp", x, ints([1]), constant=[1], keepdims=0)
    np.testing.assert_allclose(tflite_outputs(write(lower(model)), fed)["y"], want, rtol=1e-6)


@pytest.mark.parametrize(
    ("op", "want"),
    [("ReduceSum", 0), ("ReduceProd", 1), ("ReduceMax", -np.inf), ("ReduceMin", np.inf), ("ReduceMean", np.nan)],
)
def test_nothing_to_reduce(op: str, want: float) -> None:
    x = np.zeros((2, 0, 3), np.float32)
    model, _ = nodes(op, x, ints([1]), constant=[1])
    lowered = lower(model)
    constant = lowered.graph.outputs[0].producer().inputs[0].const_value.numpy()
    np.testing.assert_array_equal(constant, np.full((2, 1, 3), want, np.float32))


@pytest.mark.parametrize("op", ["ReduceL2", "ReduceLogSum", "ReduceLogSumExp"])
def test_roots_and_logarithms_of_integers_are_refused(op: str) -> None:
    refused(nodes(op, sample((2, 2), "int32")), op, "int32")


def test_axes_computed_at_run_time_are_refused() -> None:
    refused(nodes("ReduceSum", sample((2, 2)), ints([0]), keepdims=1), "run time")


def test_axes_that_do_not_exist_are_refused() -> None:
    model, fed = nodes("ReduceSum", sample((2, 3)), ints([1]), constant=[1])
    model.graph.node(0).inputs[1].const_value = ir.Tensor(ints([2]))
    refused((model, fed), "axis 2")


def test_mean_of_no_integers_is_refused() -> None:
    refused(nodes("ReduceMean", np.zeros((2, 0), np.int32), ints([1]), constant=[1]), "no value")


@few
@given(st.lists(sizes, max_size=6), st.sampled_from(OPS), st.integers(0, 1), st.data())
def test_any_axes(shape: list[int], op: str, keepdims: int, data: st.DataObject) -> None:
    axes = [axis for axis in range(len(shape)) if data.draw(st.booleans())]
    verify(op, sample(shape, positive=True), ints(axes), constant=[1], keepdims=keepdims, rtol=2e-5)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import node_model
from tests.exporter.tflite.ops.movement_support import check_both, data, few, refused, shapes


@pytest.mark.parametrize("exclusive", [None, 1])
@pytest.mark.parametrize("reverse", [None, 1])
@pytest.mark.parametrize("axis", [0, 2, -2])
def test_cumsum(exclusive: int | None, reverse: int | None, axis: int) -> None:
    x = data((3, 3, 3))
    model = node_model("CumSum", {"x": x}, constants={"a": np.array(axis)}, exclusive=exclusive, reverse=reverse)
    check_both(model, {"x": x}, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32"])
@pytest.mark.parametrize("opset", [11, 14])
def test_cumsum_types_and_opsets(dtype: str, opset: int) -> None:
    x = data((2, 4), dtype)
    oracle = "reference" if dtype == "uint32" else "ort"
    check_both(node_model("CumSum", {"x": x}, constants={"a": np.array(1)}, opset=opset), {"x": x}, oracle=oracle)


def test_cumsum_axis_of_rank_one() -> None:
    x = data((2, 4))
    check_both(node_model("CumSum", {"x": x}, constants={"a": np.array([-1])}), {"x": x}, rtol=1e-6)


@pytest.mark.parametrize(("time_axis", "batch_axis"), [(0, 1), (1, 0)])
@pytest.mark.parametrize("constant", [False, True])
def test_reverse_sequence(time_axis: int, batch_axis: int, constant: bool) -> None:
    x, lengths = data((4, 4, 2)), {"n": np.array([1, 4, 2, 3], np.int64)}
    inputs = {"x": x} if constant else {"x": x, **lengths}
    options = {"constants": lengths if constant else None, "time_axis": time_axis, "batch_axis": batch_axis}
    check_both(node_model("ReverseSequence", inputs, **options), inputs)


@pytest.mark.parametrize("dtype", ["float16", "int8", "int16", "int32", "int64", "uint8", "bool"])
def test_reverse_sequence_types(dtype: str) -> None:
    inputs = {"x": data((3, 2), dtype), "n": np.array([3, 2], np.int64)}
    check_both(node_model("ReverseSequence", inputs), inputs, oracle="reference")


def test_reverse_sequence_refuses_what_has_no_kernel() -> None:
    inputs = {"x": data((3, 2), "float64"), "n": np.array([3, 2], np.int64)}
    refused(node_model("ReverseSequence", inputs), "float64")


@few
@given(shape=shapes(1, 5), choice=st.integers(0, 4), exclusive=st.integers(0, 1), reverse=st.integers(0, 1))
def test_any_cumsum(shape: list[int], choice: int, exclusive: int, reverse: int) -> None:
    x, axis = data(shape), np.array(choice % len(shape) - len(shape))
    model = node_model("CumSum", {"x": x}, constants={"a": axis}, exclusive=exclusive, reverse=reverse)
    check_both(model, {"x": x}, rtol=1e-6)


@few
@given(shape=shapes(2, 4), time_axis=st.integers(0, 1), seed=st.integers(0, 9))
def test_any_reverse_sequence(shape: list[int], time_axis: int, seed: int) -> None:
    lengths = np.random.default_rng(seed).integers(1, shape[time_axis] + 1, shape[1 - time_axis])
    inputs = {"x": data(shape), "n": lengths}
    check_both(node_model("ReverseSequence", inputs, time_axis=time_axis, batch_axis=1 - time_axis), inputs)

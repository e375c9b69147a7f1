import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, ops_of
from tests.exporter.tflite.ops.movement_support import TYPES, check_both, data, few, refused, shapes


@pytest.mark.parametrize("opset", [7, 11, 13])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_constant_indices(opset: int, axis: int) -> None:
    x = data((3, 3, 3))
    index = np.array([[2, 0], [1, 1]], np.int64)
    check_both(node_model("Gather", {"x": x}, constants={"i": index}, axis=axis, opset=opset), {"x": x})


@pytest.mark.parametrize("index", [2, -1, [1, 2], [-2, -1], [[0, 1]], [0], [-3]])
def test_constant_neighbours_are_a_slice(index: object) -> None:
    x = data((3, 4))
    model = node_model("Gather", {"x": x}, constants={"i": np.array(index, np.int64)}, axis=0)
    check_both(model, {"x": x})
    assert set(ops_of(model)) <= {"SLICE", "RESHAPE"}


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("shape", [(), (2,), (2, 2)])
def test_indices_at_run_time_may_be_negative(dtype: str, shape: tuple[int, ...]) -> None:
    inputs = {"x": data((4, 4, 2)), "i": np.resize(np.array([-1, 2, -4, 3], dtype), shape)}
    check_both(node_model("Gather", inputs, axis=-2), inputs)


def test_an_embedding_is_looked_up() -> None:
    index = {"i": np.array([[1, 6, -1]], np.int64)}
    check_both(node_model("Gather", index, constants={"table": data((7, 4))}, order=["table", "i"]), index)


def test_indices_that_cannot_be_negative_are_taken_as_they_are() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (float[2,3] x) => (float[2,2] y) {
      place = ArgMax <axis=1, keepdims=0> (x)  y = Gather (table, place) }"""
    model = model_of(text, table=data((3, 2)))
    check_both(model, {"x": data((2, 3))})
    assert "LESS" not in ops_of(model)


def test_unsigned_indices_behind_a_cast_are_taken_as_they_are() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (uint8[3] i) => (float[3,2] y) {
      j = Cast <to=7> (i)  y = Gather (table, j) }"""
    model = model_of(text, table=data((3, 2)))
    check_both(model, {"i": np.array([2, 0, 1], np.uint8)})
    assert ops_of(model) == {"CAST": 1, "GATHER": 1}


@pytest.mark.parametrize("dtype", [*TYPES, "uint16", "uint32"])
def test_types(dtype: str) -> None:
    inputs = {"x": data((4, 2), dtype), "i": np.array([3, -2, 0], np.int32)}
    check_both(node_model("Gather", inputs), inputs)


def test_constants_are_gathered_at_once() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (float[2] x) => (float[2] y) {
      z = Gather (c, i)  y = Add (x, z) }"""
    assert ops_of(model_of(text, c=data((4,)), i=np.array([3, -4], np.int64))) == {"ADD": 1}


def test_refusals() -> None:
    x = data((3, 2))
    refused(node_model("Gather", {"x": x}, constants={"i": np.array([0, 3], np.int64)}), "outside")
    wide = {"x": data((3, 2), "float64"), "i": np.array([0, 2], np.int64)}
    refused(node_model("Gather", wide), "float64")


@few
@given(shape=shapes(1, 4), index=shapes(0, 2), choice=st.integers(0, 3), seed=st.integers(0, 9))
def test_any_shape(shape: list[int], index: list[int], choice: int, seed: int) -> None:
    axis = choice % len(shape)
    low, high = -shape[axis], shape[axis]
    inputs = {"x": data(shape), "i": np.asarray(np.random.default_rng(seed).integers(low, high, index), np.int64)}
    check_both(node_model("Gather", inputs, axis=axis), inputs)
    model = node_model("Gather", {"x": inputs["x"]}, constants={"i": inputs["i"]}, axis=axis)
    check_both(model, {"x": inputs["x"]})


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_windows_side_by_side_are_a_transpose(dtype: str) -> None:
    """Every second, then the others: what torch's unfold of windows side by side is made of."""
    x = data((2, 8, 3), dtype)
    index = np.arange(8).reshape(4, 2).T
    model = node_model("Gather", {"x": x}, constants={"i": index}, axis=1)
    check_both(model, {"x": x})
    assert "GATHER" not in ops_of(model)


def test_indices_that_leave_entries_out_are_gathered() -> None:
    model = node_model("Gather", {"x": data((6, 2))}, constants={"i": np.array([0, 2, 4])}, axis=0)
    check_both(model, {"x": data((6, 2))})
    assert ops_of(model) == {"GATHER": 1}

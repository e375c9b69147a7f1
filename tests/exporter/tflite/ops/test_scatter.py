import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, ops_of
from tests.exporter.tflite.ops.movement_support import TYPES, check_both, data, few, refused, shapes

DISTINCT = np.array([[2, 0, 1], [0, 1, 2]], np.int64)
"""On axis 1 of a tensor of three columns no entry is named twice."""


def both_ways(
    op: str, x: np.ndarray, index: np.ndarray, updates: np.ndarray, oracle: str = "ort", **attributes
) -> None:
    """The indices as an input and as a constant."""
    inputs, order = {"x": x, "i": index, "u": updates}, ["x", "i", "u"]
    check_both(node_model(op, inputs, **attributes), inputs, oracle=oracle)
    inputs = {"x": x, "u": updates}
    check_both(node_model(op, inputs, constants={"i": index}, order=order, **attributes), inputs, oracle=oracle)


@pytest.mark.parametrize(
    ("op", "opset"), [("Scatter", 9), ("ScatterElements", 11), ("ScatterElements", 16), ("ScatterElements", 18)]
)
@pytest.mark.parametrize("offset", [0, -3])
def test_scatter_elements(op: str, opset: int, offset: int) -> None:
    both_ways(op, data((2, 3)), DISTINCT + offset, data((2, 3), seed=1), axis=1, opset=opset)


@pytest.mark.parametrize("axis", [0, 2, -2])
def test_fewer_indices_than_data(axis: int) -> None:
    both_ways("ScatterElements", data((3, 3, 3)), np.array([[[-1]]], np.int64), data((1, 1, 1), seed=1), axis=axis)


@pytest.mark.parametrize("opset", [11, 13, 16, 18])
@pytest.mark.parametrize(
    ("shape", "index"),
    [
        ((4, 4), [[1, -1], [0, 0], [-4, 2]]),
        ((4, 4), [[3], [-4]]),
        ((2, 2, 2), [[[0, 1]], [[-1, 0]]]),
        ((3,), [[2], [0]]),
        ((2, 1, 2, 3), [[1, 0]]),
    ],
)
def test_scatter_nd(opset: int, shape: tuple[int, ...], index: list) -> None:
    points = np.array(index, np.int64)
    updates = data((*points.shape[:-1], *shape[points.shape[-1] :]), seed=1)
    both_ways("ScatterND", data(shape), points, updates, opset=opset)


@pytest.mark.parametrize("dtype", [*TYPES, "uint16", "uint32"])
def test_types(dtype: str) -> None:
    oracle = "ort" if dtype in TYPES else "reference"
    both_ways("ScatterND", data((3, 2), dtype), np.array([[2], [0]], np.int64), data((2, 2), dtype, 1), oracle)


@pytest.mark.parametrize("op", ["ScatterND", "ScatterElements"])
@pytest.mark.parametrize("dtype", ["float32", "int32", "int64"])
def test_additions_may_repeat(op: str, dtype: str) -> None:
    index = np.array([[1, 0], [1, 0], [0, 1]] if op == "ScatterND" else [[1, 1], [1, 0]], np.int64)
    updates = data(index.shape[:1] if op == "ScatterND" else index.shape, "int32", 1) % 50
    both_ways(op, data((2, 2), "int32").astype(dtype) % 99, index, updates.astype(dtype), reduction="add")


@pytest.mark.parametrize("reduction", ["mul", "min", "max"])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_other_reductions_of_distinct_constants(reduction: str, dtype: str) -> None:
    inputs = {"x": data((2, 3)).astype(dtype), "u": data((2, 3), seed=1).astype(dtype)}
    options = {"constants": {"i": DISTINCT}, "order": ["x", "i", "u"], "axis": 1, "reduction": reduction}
    check_both(node_model("ScatterElements", inputs, **options), inputs)


def test_what_is_not_written_keeps_infinities_and_nan() -> None:
    x = np.array([np.inf, np.nan, -np.inf, 1], np.float32)
    both_ways("ScatterND", x, np.array([[3]], np.int64), np.array([np.nan], np.float32))


def test_no_indices_change_nothing() -> None:
    inputs = {"x": data((3, 2)), "u": np.zeros((0, 2), np.float32)}
    model = node_model("ScatterND", inputs, constants={"i": np.zeros((0, 1), np.int64)}, order=["x", "i", "u"])
    assert ops_of(model) == {"RESHAPE": 1}


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64"])
@pytest.mark.parametrize("reduction", ["mul", "min", "max"])
def test_reductions_of_entries_named_twice(reduction: str, dtype: str) -> None:
    """Known only when running, or constant."""
    x, rows = data((3, 3), dtype), np.array([[1], [-1], [1]], np.int64)
    x, updates = x % 5, data((3, 3), dtype, seed=1) % 5
    inputs = {"x": x, "i": rows, "u": updates}
    check_both(node_model("ScatterND", inputs, reduction=reduction), inputs)
    both_ways("ScatterND", x, rows, updates, reduction=reduction)
    places = np.array([[0, 0, 2], [-1, 1, 1]], np.int64)
    inputs = {"x": x, "i": places, "u": updates[:2]}
    check_both(node_model("ScatterElements", inputs, axis=1, reduction=reduction), inputs)


def test_refusals() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
      g (float[3000] x, float[3000] u, int64[3000,1] j) => (float[3000] y) {
      y = ScatterND <reduction="max"> (x, j, u) }"""
    refused(model_of(text), "3000 updates")
    text = """<ir_version: 10, opset_import: ["": 23]> g (float[3] x, float[2] u) => (float[3] y) {
      y = ScatterND (x, i, u) }"""
    refused(model_of(text, i=np.array([[1], [-2]], np.int64)), "twice")
    refused(model_of(text.replace("float[", "double["), i=np.array([[1], [2]], np.int64)), "float64")


@few
@given(shape=shapes(1, 4), choice=st.integers(0, 3), seed=st.integers(0, 9))
def test_scatter_elements_of_any_shape(shape: list[int], choice: int, seed: int) -> None:
    axis, rng = choice % len(shape), np.random.default_rng(seed)
    index = np.argsort(rng.random(shape), axis=axis) - shape[axis] * rng.integers(0, 2)
    both_ways("ScatterElements", data(shape), index.astype(np.int64), data(shape, seed=1), axis=axis)

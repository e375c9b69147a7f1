import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, ops_of
from tests.exporter.tflite.ops.movement_support import TYPES, check_both, data, few, refused, shapes


def places(shape: tuple[int, ...], size: int, dtype: str = "int64", seed: int = 0) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).integers(-size, size, shape), dtype)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("index_shape", [(3, 3, 3), (2, 1, 3), (1, 2, 2)])
def test_gather_elements(axis: int, index_shape: tuple[int, ...]) -> None:
    x, index = data((3, 3, 3)), places(index_shape, 3)
    check_both(node_model("GatherElements", {"x": x, "i": index}, axis=axis), {"x": x, "i": index})
    check_both(node_model("GatherElements", {"x": x}, constants={"i": index}, axis=axis), {"x": x})


def test_constant_indices_are_one_gather_of_the_flattened_data() -> None:
    model = node_model("GatherElements", {"x": data((3, 2))}, constants={"i": places((2, 2), 3)})
    assert ops_of(model) == {"RESHAPE": 1, "GATHER": 1}


@pytest.mark.parametrize("op", ["GatherElements", "GatherND"])
@pytest.mark.parametrize("dtype", [*TYPES, "uint16", "uint32"])
def test_types(op: str, dtype: str) -> None:
    inputs = {"x": data((4, 2), dtype), "i": np.array([[1, -1], [-2, 0]], np.int64)}
    check_both(node_model(op, inputs), inputs, oracle="ort" if dtype[0] != "u" else "reference")


@pytest.mark.parametrize(
    ("op", "opset"), [("GatherElements", 11), ("GatherND", 11), ("GatherND", 12), ("GatherND", 13)]
)
def test_opsets(op: str, opset: int) -> None:
    inputs = {"x": data((2, 2)), "i": np.array([[0, -1], [1, 0]], np.int64)}
    check_both(node_model(op, inputs, opset=opset), inputs)


@pytest.mark.parametrize(
    ("shape", "index_shape", "batch_dims"),
    [
        ((3, 4), (2, 2), 0),
        ((3, 4), (2, 1), 0),
        ((2, 2, 2), (2, 2, 1), 0),
        ((2, 3, 4), (2, 1), 1),
        ((2, 3, 4), (2, 5, 2), 1),
        ((2, 2, 3, 4), (2, 2, 1), 2),
        ((2, 2, 3, 3), (2, 2, 4, 2), 2),
        ((2, 1, 2, 2, 2), (3, 5), 0),
    ],
)
def test_gather_nd(shape: tuple[int, ...], index_shape: tuple[int, ...], batch_dims: int) -> None:
    x, depth = data(shape), index_shape[-1]
    limits = np.array(shape[batch_dims : batch_dims + depth])
    index = places(index_shape, 1000) % limits - limits * (places(index_shape, 2) > 0)
    assert (index < 0).any()
    check_both(node_model("GatherND", {"x": x, "i": index}, batch_dims=batch_dims), {"x": x, "i": index})
    check_both(node_model("GatherND", {"x": x}, constants={"i": index}, batch_dims=batch_dims), {"x": x})


@pytest.mark.parametrize("op", ["GatherElements", "GatherND"])
def test_refusals(op: str) -> None:
    index = np.array([[0, 1]], np.int64)
    refused(node_model(op, {"x": data((2, 2), "float64"), "i": index}), "float64")
    text = f'<ir_version: 10, opset_import: ["": 23]> g (float[2,2] x) => (y) {{ y = {op} (x, i) }}'
    refused(model_of(text, i=index + 2), "outside")


@few
@given(shape=shapes(1, 4), choice=st.integers(0, 3), seed=st.integers(0, 9))
def test_gather_elements_of_any_shape(shape: list[int], choice: int, seed: int) -> None:
    axis = choice % len(shape)
    index = places(tuple(shape), shape[axis], "int32", seed)
    inputs = {"x": data(shape), "i": index}
    check_both(node_model("GatherElements", inputs, axis=axis), inputs)


@few
@given(shape=shapes(1, 4), points=shapes(1, 2), choice=st.integers(0, 3), seed=st.integers(0, 9))
def test_gather_nd_of_any_shape(shape: list[int], points: list[int], choice: int, seed: int) -> None:
    depth = choice % len(shape) + 1
    index = np.random.default_rng(seed).integers(-np.array(shape[:depth]), shape[:depth], (*points, depth))
    inputs = {"x": data(shape), "i": index}
    check_both(node_model("GatherND", inputs), inputs)

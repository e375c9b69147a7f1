import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model
from tests.exporter.tflite.ops.movement_support import check_both, few, refused, shapes

OUTPUTS = ("y", "indices", "inverse", "counts")


def agrees(x: np.ndarray, **options: object) -> None:
    check_both(node_model("Unique", {"x": x}, outputs=OUTPUTS, **options), {"x": x})


def repeated(shape: tuple[int, ...], dtype: str = "float32", seed: int = 0, most: int = 4) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).integers(0, most, shape)).astype(dtype)


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_entries(axis: int | None, order: int) -> None:
    agrees(repeated((4, 4), most=2), axis=axis, sorted=order)
    agrees(repeated((2, 3, 2), most=2), axis=axis, sorted=order)


@pytest.mark.parametrize("dtype", ["float32", "int8", "int64", "double"][:3])
def test_types(dtype: str) -> None:
    x = repeated((9,), dtype) - np.array(2, dtype)
    agrees(x)
    agrees(x, sorted=0)


def test_all_equal_all_different_and_one() -> None:
    for x in (np.zeros(5, np.float32), np.arange(5, 0, -1).astype("float32"), np.zeros(1, np.float32)):
        agrees(x)
        agrees(x, sorted=0)
        agrees(x, axis=0)


def test_outputs_that_nothing_reads() -> None:
    x = repeated((6,))
    check_both(node_model("Unique", {"x": x}, outputs=("y",)), {"x": x})
    text = '<ir_version: 10, opset_import: ["" : 23]> g (float[6] x) => (float[N] y, int64[6] i) { y, , i = Unique(x) }'
    check_both(model_of(text), {"x": x})


def test_what_is_refused() -> None:
    refused(node_model("Unique", {"x": np.zeros(0, np.float32)}, outputs=("y",)), "empty")
    refused(node_model("Unique", {"x": np.zeros(3)}, outputs=("y",)), "float64")
    refused(node_model("Unique", {"x": np.zeros((300, 99), np.float32)}, outputs=("y",), axis=0), "pairs")


@few
@given(shapes(1, 3), st.integers(0, 9), st.integers(0, 1), st.data())
def test_any_entries(shape: list[int], seed: int, order: int, data: st.DataObject) -> None:
    axis = data.draw(st.sampled_from([None, *range(len(shape))]))
    agrees(repeated(tuple(shape), seed=seed, most=2), axis=axis, sorted=order)

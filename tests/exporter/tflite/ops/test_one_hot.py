import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, onnx_outputs, tflite_outputs
from tests.exporter.tflite.ops.movement_support import check_both, data, few, refused, shapes

from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write

INDEX = np.array([[0, 2, -1], [3, -3, -4]], np.int64)
"""With a depth of 3: counted from the end, and outside on both sides."""
OFF_ON = np.array([-1, 5], np.float32)


def constants(depth: float = 3, values: np.ndarray = OFF_ON) -> dict[str, np.ndarray]:
    return {"d": np.array(depth), "v": values}


@pytest.mark.parametrize("axis", [None, 0, 1, -2])
def test_axes(axis: int | None) -> None:
    check_both(node_model("OneHot", {"i": INDEX}, constants=constants(), axis=axis), {"i": INDEX})


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "int8", "uint8", "int16"])
def test_types_of_indices(dtype: str) -> None:
    index = (INDEX % 5 if dtype == "uint8" else INDEX).astype(dtype)
    check_both(node_model("OneHot", {"i": index}, constants=constants()), {"i": index}, oracle="reference")


@pytest.mark.parametrize("dtype", ["float16", "int8", "int16", "int32", "int64", "uint8"])
def test_types_of_values(dtype: str) -> None:
    values = np.array([0, 1], dtype)
    check_both(node_model("OneHot", {"i": INDEX}, constants=constants(values=values)), {"i": INDEX}, oracle="reference")


def test_booleans_are_zero_and_one() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (int64[2,3] i) => (float[2,3,3] y) {
      h = OneHot (i, d, v)  y = Cast <to=1> (h) }"""
    model = model_of(text, **constants(values=np.array([False, True])))
    as_numbers = node_model("OneHot", {"i": INDEX}, constants=constants(values=np.array([0, 1], np.float32)))
    got = tflite_outputs(write(lower(model)), {"i": INDEX})["y"]
    np.testing.assert_array_equal(got, onnx_outputs(as_numbers, {"i": INDEX})["y"])


@pytest.mark.parametrize("opset", [9, 11])
def test_opsets_and_values_at_run_time(opset: int) -> None:
    inputs = {"i": INDEX % 3, "v": OFF_ON}
    model = node_model("OneHot", inputs, constants={"d": np.array([3])}, order=["i", "d", "v"], opset=opset)
    check_both(model, inputs)


def test_a_depth_that_is_computed_follows_from_the_declared_shape() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (int64[2] i, int64 d) => (float[2,4] y) {
      y = OneHot (i, d, v) }"""
    check_both(model_of(text, v=OFF_ON), {"i": np.array([3, -4]), "d": np.array(4)})


def test_constant_indices() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (float[2,3] x) => (float[2,3] y) {
      h = OneHot (i, d, v)  y = Mul (x, h) }"""
    check_both(model_of(text, i=np.array([-1, 7]), **constants()), {"x": data((2, 3))})


def test_values_without_a_kernel_are_refused() -> None:
    refused(node_model("OneHot", {"i": INDEX}, constants=constants(values=OFF_ON.astype("float64"))), "float64")


@few
@given(shape=shapes(1, 4), choice=st.integers(0, 4), depth=st.integers(1, 4), seed=st.integers(0, 9))
def test_any_shape(shape: list[int], choice: int, depth: int, seed: int) -> None:
    index = np.asarray(np.random.default_rng(seed).integers(-depth - 1, depth + 2, shape), np.int64)
    model = node_model("OneHot", {"i": index}, constants=constants(depth), axis=choice % (len(shape) + 1))
    check_both(model, {"i": index})

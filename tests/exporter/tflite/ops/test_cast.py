import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, ops_of
from tests.exporter.tflite.ops.movement_support import TYPES, check_both, data, few, refused

CASTABLE = (*TYPES, "float64", "uint16", "uint32")
OUT_OF_RANGE = ["int8", "uint8", "int16", "uint16"]
"""Integer types in which a float that does not fit wraps, as it does in ONNX Runtime."""


def code(dtype: str) -> int:
    return onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


@pytest.mark.parametrize("source", CASTABLE)
@pytest.mark.parametrize("target", CASTABLE)
def test_every_pair(source: str, target: str) -> None:
    """Integers with their extremes, which wrap; floats with fractions, which are cut off."""
    x = data((3, 4), source) if np.dtype(source).kind != "f" else np.array([0, 0.5, 1.5, 99.9, 127], source)
    check_both(node_model("Cast", {"x": x}, to=code(target), opset=19), {"x": x})


@pytest.mark.parametrize("source", ["float32", "float16", "float64"])
@pytest.mark.parametrize("target", ["int32", "int64", *OUT_OF_RANGE, "bool"])
def test_negative_floats(source: str, target: str) -> None:
    x = np.array([-0.5, -1.7, -100.25, -0.0], source)
    check_both(node_model("Cast", {"x": x}, to=code(target)), {"x": x})


@pytest.mark.parametrize("target", OUT_OF_RANGE)
def test_floats_that_do_not_fit_wrap(target: str) -> None:
    x = np.array([300.7, -300.7, 70000.0, -40000.0, 255.0, 256.0], np.float32)
    check_both(node_model("Cast", {"x": x}, to=code(target)), {"x": x})


def test_nan_and_infinities() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1e-40, 70000.0], np.float32)
    for target in ("float16", "float64", "bool"):
        check_both(node_model("Cast", {"x": x}, to=code(target)), {"x": x})


@pytest.mark.parametrize("opset", [7, 9, 13, 19, 21, 23, 24])
def test_opsets(opset: int) -> None:
    x = data((2, 2))
    check_both(node_model("Cast", {"x": x}, to=code("int32"), opset=opset), {"x": x})


def test_attributes_for_float8_have_no_effect() -> None:
    x = data((2, 2))
    check_both(node_model("Cast", {"x": x}, to=code("int32"), saturate=0), {"x": x}, oracle="reference")


@pytest.mark.parametrize("opset", [15, 19, 24])
def test_cast_like(opset: int) -> None:
    inputs = {"x": data((2, 2)), "like": data((3,), "int64")}
    check_both(node_model("CastLike", inputs, opset=opset), inputs)


def test_the_same_type_is_nothing_and_constants_are_cast_at_once() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (float[2] x) => (float[2] y) {
      same = Cast <to=1> (x)  z = Cast <to=1> (c)  y = Add (same, z) }"""
    assert ops_of(model_of(text, c=np.array([1, 2], np.int64))) == {"ADD": 1}


@pytest.mark.parametrize("target", [onnx.TensorProto.BFLOAT16, onnx.TensorProto.FLOAT8E4M3FN, onnx.TensorProto.STRING])
def test_types_that_tflite_lacks_are_refused(target: int) -> None:
    refused(node_model("Cast", {"x": data((2,))}, to=int(target)), "has no type")


@few
@given(
    st.lists(st.floats(-2e9, 2e9, width=32), min_size=1, max_size=4), st.sampled_from([*OUT_OF_RANGE, "int32", "int64"])
)
def test_any_float_to_any_integer(numbers: list[float], target: str) -> None:
    x = np.array(numbers, np.float32)
    check_both(node_model("Cast", {"x": x}, to=code(target)), {"x": x})

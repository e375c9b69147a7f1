import ml_dtypes
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, model_of, node_model
from tests.exporter.tflite.ops.numeric_support import few, nodes, refused, sample, verify

TYPES = ("int8", "uint8", "int16", "uint16")
SCALE = np.array(0.05, np.float32)
HEAD = '<ir_version: 10, opset_import: ["" : 21]> g '


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("zero", [0, 3])
def test_there_and_back_per_tensor(dtype: str, zero: int) -> None:
    zero_point = np.array(zero, dtype)
    verify("QuantizeLinear", 40 * sample((2, 3, 4)), SCALE, zero_point, constant=(1, 2))
    verify("DequantizeLinear", np.abs(sample((2, 3, 4), "int8")).astype(dtype), SCALE, zero_point, constant=(1, 2))


def test_halves_go_to_the_even_neighbour_and_what_is_too_large_to_the_end() -> None:
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, 1e9, -1e9, np.inf, -np.inf], np.float32)
    want = np.array([1, 3, 3, 1, -1, 127, -128, 127, -128], np.int8)
    verify("QuantizeLinear", x, np.array(1, np.float32), np.array(1, np.int8), constant=(1, 2), want=want)


def test_without_a_zero_point_it_is_uint8_or_what_the_attribute_says() -> None:
    x = 40 * sample((4,))
    verify("QuantizeLinear", x, SCALE, constant=(1,))
    verify("QuantizeLinear", x, SCALE, constant=(1,), opset=21, output_dtype=onnx.TensorProto.INT16)


@few
@given(st.sampled_from([0, 1, 2, -1]), st.sampled_from(TYPES), st.booleans())
def test_per_axis(axis: int, dtype: str, fixed: bool) -> None:
    scales = sample((3,), positive=True)
    zeros = np.arange(3).astype(dtype)
    constant = (1, 2) if fixed else ()
    verify("QuantizeLinear", 9 * sample((3, 3, 3)), scales, zeros, constant=constant, axis=axis)
    whole = np.abs(sample((3, 3, 3), "int8")).astype(dtype)
    verify("DequantizeLinear", whole, scales, zeros, constant=constant, axis=axis)


@pytest.mark.parametrize("fixed", [False, True])
def test_blocks_whose_last_one_is_shorter(fixed: bool) -> None:
    scales, zeros = sample((2, 3), positive=True), np.arange(6).reshape(2, 3).astype(np.uint8)
    constant = (1, 2) if fixed else ()
    options = {"axis": 1, "block_size": 2, "oracle": "reference"}
    verify("QuantizeLinear", 9 * sample((2, 6)), scales, zeros, constant=constant, **options)
    verify("DequantizeLinear", sample((2, 6), "uint8"), scales, zeros, constant=constant, **options)


def test_int32_and_float16() -> None:
    verify("DequantizeLinear", sample((2, 3), "int32") * 70001, SCALE, constant=(1,))
    arrays = sample((2, 3), "int32"), SCALE, np.array(1, np.uint8)  # ONNX Runtime has no int32 here
    verify("QuantizeLinear", *arrays, constant=(1, 2), opset=13, oracle="reference")
    half = SCALE.astype(np.float16)
    verify("QuantizeLinear", sample((2, 3), "float16"), half, np.array(1, np.int8), constant=(1, 2), opset=21)
    verify("DequantizeLinear", sample((2, 3), "int8"), half, constant=(1,))


@pytest.mark.parametrize("data_type", ["INT4", "FLOAT8E4M3FN"])
def test_constant_weights_of_types_that_tflite_lacks_become_float32(data_type: str) -> None:
    numpy_type = {"INT4": ml_dtypes.int4, "FLOAT8E4M3FN": ml_dtypes.float8_e4m3fn}[data_type]
    weights = np.array([[1, -2], [3, -4]]).astype(numpy_type)
    text = HEAD + "(float[1,2] x) => (float[1,2] y) { w = DequantizeLinear(q, s) y = MatMul(x, w) }"
    model = model_of(text, s=SCALE, q=weights)
    check(model, {"x": sample((1, 2))}, oracle="reference", expect=["FULLY_CONNECTED"])


@pytest.mark.parametrize("factor", [1, 0])
def test_dynamic(factor: int) -> None:
    inputs = {"x": factor * sample((2, 3, 4))}
    check(node_model("DynamicQuantizeLinear", inputs, outputs=("y", "s", "z")), inputs)
    inputs = {"x": np.abs(inputs["x"]) + factor}
    check(node_model("DynamicQuantizeLinear", inputs, outputs=("y", "s", "z")), inputs)


def test_refusals() -> None:
    eight = sample((2, 3), "int8").astype(ml_dtypes.float8_e4m3fn)
    refused(nodes("DequantizeLinear", eight, SCALE, constant=(1,)), "float8")
    refused(nodes("QuantizeLinear", sample((2,)), SCALE, eight[0, 0], constant=(1, 2)), "float8")
    refused(nodes("QuantizeLinear", sample((2, 3)), SCALE, constant=(1,), precision=10), "FLOAT16")
    refused(
        nodes("DequantizeLinear", sample((2, 3), "int8"), SCALE.astype(ml_dtypes.bfloat16), constant=(1,)), "BFLOAT16"
    )
    refused(nodes("DequantizeLinear", sample((2, 3), "int8"), SCALE, constant=(1,), output_dtype=16), "BFLOAT16")

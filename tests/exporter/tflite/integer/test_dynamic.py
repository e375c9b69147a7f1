"""Weights int8, activations quantized when running."""

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.integer.qdq import Arrays, kernels, partitions, reference, run, sample, with_weights

from portproof.exporter.tflite.conversion import Converted, convert_model
from portproof.runtimes.tflite_schema import schema

ROWS = {"x": sample((1, 16, 64))}
W = sample((64, 128), 1)
MATMUL = "(float[1,16,64] x) => (float[1,16,128] y) { y = MatMul(x, w) }"


def _decibels(model: ir.Model, converted: Converted, inputs: Arrays) -> float:
    got, want = run(converted, inputs)["y"], reference(model, inputs)["y"]
    noise = float(np.square(got - want).sum())
    return float(10 * np.log10(np.square(want).sum() / noise)) if noise else np.inf


def _weight_types(converted: Converted) -> set[int]:
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytes(converted.data))).subgraphs[0]
    return {int(graph.tensors[op.inputs[1]].type) for op in graph.operators if len(op.inputs) > 2}


def test_a_matrix_product() -> None:
    model = with_weights(MATMUL, {"w": (W, 1)}, dynamic=["x"])
    converted = convert_model(model)
    assert converted.op_counts == {"FULLY_CONNECTED": 1}
    assert _weight_types(converted) == {schema.TensorType.INT8}
    assert partitions(converted.data) == (1, 0)
    assert _decibels(model, converted, ROWS) > 35  # each row has a scale of its own, not one for all


def test_the_numbers_are_those_of_rounded_activations() -> None:
    model = with_weights(MATMUL, {"w": (W, 1)}, dynamic=["x"])
    stored = with_weights(MATMUL, {"w": (W, 1)})
    assert 30 < _decibels(stored, convert_model(model), ROWS) < 60


def test_a_product_with_a_bias_and_two_layers_that_read_the_same() -> None:
    text = """(float[3,64] x, float[3,32] c) => (float[3,32] y) {
        p = Gemm<transB=1>(x, w, b) q = Gemm<transB=1>(x, v, b) s = Mul(p, q) y = Mul(s, c) }"""
    weights = {"w": (sample((32, 64), 1), 0), "v": (sample((32, 64), 2), 0), "b": (sample((32,), 3), None)}
    model = with_weights(text, weights, dynamic=["x"])
    converted = convert_model(model)
    assert converted.op_counts == {"FULLY_CONNECTED": 2, "MUL": 2}
    assert _weight_types(converted) >= {schema.TensorType.INT8}
    assert _decibels(model, converted, {"x": sample((3, 64)), "c": sample((3, 32), 4)}) > 35


@pytest.mark.parametrize(("outputs", "channels", "kept"), [(32, 16, True), (8, 4, False)])
def test_convolutions_that_are_large_enough(outputs: int, channels: int, kept: bool) -> None:
    text = f"(float[1,{channels},8,8] x) => (float[1,{outputs},6,6] y) {{ y = Conv(x, w) }}"
    model = with_weights(text, {"w": (sample((outputs, channels, 3, 3), 1), 0)}, dynamic=["x"])
    converted = convert_model(model)
    assert (_weight_types(converted) == {schema.TensorType.INT8}) is kept
    assert _decibels(model, converted, {"x": sample((1, channels, 8, 8))}) > 35


PAIR = """(float[16,64] x) => (float[16,128] y) {
    scale = Constant<value = float {0.03}>() zero = Constant<value = int8 {3}>()
    n = Neg(x) q = QuantizeLinear(n, scale, zero) d = DequantizeLinear(q, scale, zero) y = MatMul(d, w) }"""


def test_integers_in_and_floats_out_are_multiplied_as_integers() -> None:
    model = with_weights(PAIR, {"w": (W, 1)})
    inputs = {"x": sample((16, 64))}
    converted = convert_model(model)
    assert converted.op_counts == {"FULLY_CONNECTED": 1, "NEG": 1}
    assert _weight_types(converted) == {schema.TensorType.INT8}
    assert partitions(converted.data) == (1, 0)
    assert _decibels(model, converted, inputs) > 35


def test_a_pair_that_others_read_stays_for_them() -> None:
    text = PAIR.replace("y = MatMul", "v = Sqrt(d) y = MatMul").replace("y)", "y, float[16,64] v)")
    inputs = {"x": -np.abs(sample((16, 64)))}
    model = with_weights(text, {"w": (W, 1)})
    converted = convert_model(model)
    assert converted.op_counts["QUANTIZE"] == converted.op_counts["DEQUANTIZE"] == 1
    assert _weight_types(converted) == {schema.TensorType.INT8}
    np.testing.assert_allclose(run(converted, inputs)["v"], reference(model, inputs)["v"], rtol=1e-5)


def test_what_is_read_otherwise_too_is_computed_as_it_says() -> None:
    text = "(float[1,16,64] x) => (float[1,16,128] y, float[1,16,64] v) { y = MatMul(x, w) v = Neg(x) }"
    model = with_weights(text, {"w": (W, 1)}, dynamic=["x"])
    got, want = run(convert_model(model), ROWS), reference(model, ROWS)
    np.testing.assert_allclose(got["y"], want["y"], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(got["v"], want["v"], rtol=1e-5)


def test_weights_alone_are_stored_as_integers_and_widened() -> None:
    model = with_weights(MATMUL, {"w": (W, 1)})
    converted = convert_model(model)
    assert kernels(converted.data) == {("DEQUANTIZE", "float32"): 1, ("FULLY_CONNECTED", "float32"): 1}
    assert partitions(converted.data) == (1, 0)
    assert len(converted.data) < W.size * 2
    assert _decibels(model, converted, ROWS) > 120


@pytest.mark.parametrize(("group", "op"), [(1, "CONV_2D"), (32, "DEPTHWISE_CONV_2D")])
def test_stored_weights_of_convolutions(group: int, op: str) -> None:
    outputs = 32 if group == 1 else 128
    text = f"(float[1,32,8,8] x) => (float[1,{outputs},6,6] y) {{ y = Conv<group={group}>(x, w) }}"
    model = with_weights(text, {"w": (sample((outputs, 32 // group, 3, 3), 1), 0)})
    converted = convert_model(model, io_layout="keep")
    assert converted.op_counts == {op: 1, "DEQUANTIZE": 1, "TRANSPOSE": 2}
    assert _decibels(model, converted, {"x": sample((1, 32, 8, 8))}) > 120
    assert partitions(converted.data) == (1, 0)


def test_transposed_convolutions_store_their_weights() -> None:
    text = "(float[1,64,8,8] x) => (float[1,32,16,16] y) { y = ConvTranspose<strides=[2,2]>(x, w) }"
    model = with_weights(text, {"w": (sample((64, 32, 2, 2), 1), 1)}, dynamic=["x"])
    converted = convert_model(model, io_layout="keep")
    assert converted.op_counts == {"DEQUANTIZE": 1, "TRANSPOSE": 2, "TRANSPOSE_CONV": 1}
    assert _decibels(model, converted, {"x": sample((1, 64, 8, 8))}) > 35


def test_small_weights_stay_float() -> None:
    model = with_weights("(float[2,4] x) => (float[2,3] y) { y = MatMul(x, w) }", {"w": (sample((4, 3)), 1)})
    assert convert_model(model).op_counts == {"FULLY_CONNECTED": 1}

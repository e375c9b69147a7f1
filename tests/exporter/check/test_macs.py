"""Multiply-accumulates from shapes: the same of a model in both dialects."""

import onnx
import onnx_ir as ir
import pytest
from tests.conformance import single_ops

from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.exporter.check.macs import onnx_macs, tflite_macs
from portproof.exporter.check.onnx_operators import operators_of as of_onnx
from portproof.exporter.check.tflite_operators import operators_of as of_tflite
from portproof.exporter.simplify.pipeline import run_passes
from portproof.exporter.tflite.conversion import lower_function

CASES = {
    "conv_stride_1": 12 * 16 * 16 * 8 * 9,
    "depthwise_stride_1": 8 * 16 * 16 * 9,
    "conv_1x1": 12 * 16 * 16 * 8,
    "transposed_stride_2": 16 * 16 * 8 * 6 * 4,
    "gemm": 32 * 16,
    "matmul_constant": 24 * 32 * 16,
    "matmul_two": 4 * 24 * 32 * 24,
    "relu": 0,
}


@pytest.mark.parametrize("name", CASES)
def test_of_one_operator_in_both_dialects(name: str) -> None:
    case = next(case for case in single_ops.cases() if case.name == name)
    model = run_passes(ir.serde.deserialize_model(case.model()))
    assert sum(one.macs for one in of_onnx(model)) == CASES[name]
    assert sum(one.macs for one in of_tflite(lower_function(model).model.graph)) == CASES[name]


def facts(op: str, *shapes: tuple[int, ...]) -> OpFacts:
    tensors = tuple(TensorFacts(name=f"t{k}", shape=shape) for k, shape in enumerate(shapes))
    return OpFacts(dialect="onnx", op=op, inputs=tensors[:-1], outputs=tensors[-1:])


def test_of_attention_and_recurrent_layers() -> None:
    assert onnx_macs(facts("Attention", (1, 2, 5, 8), (1, 2, 7, 8), (1, 2, 7, 4), (1, 2, 5, 4))) == 2 * 5 * 7 * (8 + 4)
    assert onnx_macs(facts("LSTM", (10, 1, 16), (1, 80, 16), (1, 80, 20), (10, 1, 1, 20))) == 10 * (80 * 16 + 80 * 20)


def test_a_name_that_both_dialects_lack_counts_nothing() -> None:
    assert onnx.defs.has("Relu")
    assert (tflite_macs(facts("RELU", (1,), (1,))), onnx_macs(facts("Relu", (1,), (1,)))) == (0, 0)

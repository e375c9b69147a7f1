import ml_dtypes
import numpy as np
import onnx
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import check, model_of, node_model
from tests.exporter.tflite.ops.numeric_support import refused, sample

from portproof.exporter.tflite.parts import by_parts

SCORES, TARGETS = sample((3, 5, 2)), np.array([[0, 4], [1, 1], [3, 2]])


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("options", [{}, {"ignore_index": 1}])
def test_losses(reduction: str, options: dict) -> None:
    inputs = {"x": SCORES, "t": TARGETS}
    weights = {"w": sample((5,), positive=True)}
    for constants in ({}, weights):
        for op in ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"):
            check(node_model(op, inputs, constants=constants, reduction=reduction, **options), inputs)


def test_a_second_output_and_an_older_opset() -> None:
    inputs = {"x": SCORES, "t": TARGETS}
    check(node_model("SoftmaxCrossEntropyLoss", inputs, outputs=("y", "z")), inputs)
    check(node_model("SoftmaxCrossEntropyLoss", inputs, opset=12), inputs)


@pytest.mark.parametrize("op", ["HannWindow", "HammingWindow", "BlackmanWindow"])
@pytest.mark.parametrize("periodic", [None, 0, 1])
def test_windows_are_constants(op: str, periodic: int | None) -> None:
    model = node_model(op, {}, constants={"n": np.array(10)}, periodic=periodic)
    check(model, {}, expect=["RESHAPE"])


def test_swiglu_whose_schema_is_newer_than_onnx_runtime() -> None:
    inputs = {"x": sample((3, 6)), "gate": sample((3, 6), seed=1)}
    check(node_model("SwiGLU", inputs, opset=28, alpha=1.5), inputs, oracle="reference")


def test_a_part_that_cannot_be_written_is_refused_in_the_name_of_the_whole() -> None:
    x = sample((3, 5)).astype(ml_dtypes.bfloat16)
    model = node_model("SwiGLU", {"x": x, "gate": x}, opset=28)
    refused((model, {}), "SwiGLU cannot", "of Swish", "bfloat16")


def test_the_model_given_and_models_without_such_operators_are_left_alone() -> None:
    model = node_model("SoftmaxCrossEntropyLoss", {"x": SCORES, "t": TARGETS})
    assert "NegativeLogLikelihoodLoss" not in {node.op_type for node in by_parts(model).graph}
    assert [node.op_type for node in model.graph] == ["SoftmaxCrossEntropyLoss"]
    plain = model_of('<ir_version: 9, opset_import: ["" : 18]> g (float[2] x) => (float[2] y) { y = Relu(x) }')
    assert by_parts(plain) is plain


def test_operators_of_a_fixed_reason_are_not_taken_apart() -> None:
    text = '<ir_version: 9, opset_import: ["" : 18]> g (float[2] x) => (float[2] y) { y = Bernoulli(x) }'
    model = ir.from_proto(onnx.parser.parse_model(text))
    assert by_parts(model) is model

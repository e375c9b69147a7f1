from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_io
from portproof.exporter.inspection import inspect
from portproof.exporter.tflite.conversion import convert_model
from portproof.runtimes import tflite_schema

TEXT = """
<ir_version: 10, opset_import: ["" : 23], producer_name: "me", metadata_props: ["licence" : "MIT"]>
net (float[1,4,6,8] image) => (float[1,5,6,8] out, float[1,4,6,8] other)
<float[5,4,1,1] w = {0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5},
 float zero = {0.0}, float[1,5,6,8] conv>
{ other = Sigmoid(image) conv = Conv(other, w) out = Sigmoid(conv) }
"""


@pytest.fixture
def model() -> ir.Model:
    return ir.from_onnx_text(TEXT)


@pytest.fixture
def onnx_file(model: ir.Model, tmp_path: Path) -> Path:
    return onnx_io.save(model, tmp_path / "net.onnx")[0]


@pytest.fixture
def tflite_file(model: ir.Model, tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(convert_model(model).data)
    return path


def test_an_onnx_file(onnx_file: Path) -> None:
    facts = inspect(onnx_file)
    assert (facts.format, facts.bytes) == ("onnx", onnx_file.stat().st_size)
    assert facts.operators == {"Conv": 1, "Sigmoid": 2}
    assert facts.total == 3
    assert (facts.parameters, facts.weight_bytes) == (20, 80)
    assert [str(spec) for spec in facts.inputs] == ["image: float32[1, 4, 6, 8]"]
    assert [spec.name for spec in facts.outputs] == ["out", "other"]
    assert facts.metadata == {
        "IR version": "10", "operator sets": "ai.onnx 23", "producer": "me", "licence": "MIT",
    }  # fmt: skip


def test_dynamic_sizes_functions_and_other_domains(tmp_path: Path) -> None:
    text = """
    <ir_version: 10, opset_import: ["" : 20, "mine" : 1]>
    net (float[N,4] x) => (float[N,4] y) { y = mine.Twice(x) }
    <domain: "mine", opset_import: ["" : 20]> Twice (a) => (b) { b = Add(a, a) }
    """
    facts = inspect(onnx_io.save(ir.from_onnx_text(text), tmp_path / "net.onnx")[0])
    assert facts.inputs[0].shape == (None, 4)
    assert facts.operators == {"mine::Twice": 1}


def test_operators_of_branches_count(tmp_path: Path) -> None:
    text = """
    <ir_version: 10, opset_import: ["" : 20]>
    net (bool c, float[4] x) => (float[4] y)
    { y = If (c) <then_branch = g1 () => (float[4] p) { p = Neg(x) },
                  else_branch = g2 () => (float[4] q) { q = Abs(x) }> }
    """
    facts = inspect(onnx_io.save(ir.from_onnx_text(text), tmp_path / "net.onnx")[0])
    assert facts.operators == {"Abs": 1, "If": 1, "Neg": 1}


def test_a_tflite_file_tells_its_layouts(tflite_file: Path) -> None:
    facts = inspect(tflite_file)
    assert facts.format == "tflite"
    assert facts.operators["CONV_2D"] == 1
    (image,) = facts.inputs
    assert image.name == "image"
    assert image.dtype == "float32"
    assert image.source_shape == (1, 4, 6, 8)
    assert [spec.name for spec in facts.outputs] == ["out", "other"]
    assert facts.parameters >= 20
    assert facts.metadata["signatures"] == "serving_default"
    assert "portproof.io" in facts.metadata["metadata"]


def test_a_tflite_file_agrees_with_its_runtime(tflite_file: Path) -> None:
    from portproof import runtimes

    facts = inspect(tflite_file)
    with runtimes.open(tflite_file) as runner:
        assert runner.inputs == facts.inputs
        assert runner.outputs == facts.outputs


def test_a_custom_operator_goes_by_its_name() -> None:
    from portproof.exporter.inspection.tflite_file import operators

    schema = tflite_schema.schema
    code, operator, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode, code.customCode, operator.opcodeIndex = schema.BuiltinOperator.CUSTOM, b"Mine", 0
    graph.operators, model.operatorCodes, model.subgraphs = [operator], [code], [graph]
    assert operators(model) == {"CUSTOM:Mine": 1}


def test_an_old_file_has_its_operator_in_the_deprecated_field() -> None:
    from portproof.exporter.inspection.tflite_file import operators

    schema = tflite_schema.schema
    code, operator, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode, code.deprecatedBuiltinCode, operator.opcodeIndex = 0, schema.BuiltinOperator.SOFTMAX, 0
    graph.operators, model.operatorCodes, model.subgraphs = [operator], [code], [graph]
    assert operators(model) == {"SOFTMAX": 1}


@pytest.mark.parametrize("name", ["broken.onnx", "broken.tflite"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(0).bytes(500))
    with pytest.raises(PortproofError) as caught:
        inspect(tmp_path / name)
    assert (caught.value.code, caught.value.exit_status) == ("E-MODEL-FORMAT", 3)

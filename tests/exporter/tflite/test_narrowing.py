import onnx_ir as ir
from tests.exporter.tflite.harness import model_of

from portproof.exporter.provenance import MODULE, WHERE
from portproof.exporter.tflite.conversion import convert_model
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.narrowing import warnings

TEXT = """<ir_version: 10, opset_import: ["": 23]> g (double[2,3] x, float[2,3] z) => (double[2,3] y, float[2,3] w) {
    e = Exp(x)\n y = Softmax(e)\n c = Cast<to = 1>(x)\n w = Add(c, z) }"""


def test_each_node_that_loses_digits_is_told_with_its_place() -> None:
    model = model_of(TEXT)
    model.graph[0].metadata_props.update({WHERE: "net.py:3 in forward", MODULE: "body"})
    model.graph[1].name = "s"
    found = convert_model(model).messages
    assert [(m.code, m.what.split()[0]) for m in found] == [("W-FLOAT64", "Exp"), ("W-FLOAT64", "Softmax")]
    assert "net.py:3" in (found[0].where or "")
    assert found[1].where == "node 's'"


def test_models_without_float64_have_nothing_to_tell() -> None:
    model: ir.Model = model_of(TEXT.replace("double", "float"))
    assert warnings(lower(model)) == ()

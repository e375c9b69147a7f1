"""Weights that a model holds in float16 stay so."""

import numpy as np
import onnx
import onnx_ir as ir

from portproof.exporter.passes.half import has_half
from portproof.exporter.simplify.run import simplify
from portproof.exporter.tflite.conversion import convert_model

TEXT = """<ir_version: 10, opset_import: ["" : 21]> net (float[2,64] x) => (float[2,64] y)
{ w = Cast<to = 1>(h) a = MatMul(x, w) b = MatMul(a, w) c = MatMul(b, f) d = Cast<to = 1>(s) y = Add(c, d) }"""
PLAIN = """<ir_version: 10, opset_import: ["" : 21]> net (float[2,64] x) => (float[2,64] y) { y = MatMul(x, w) }"""


def network(text: str = TEXT) -> ir.Model:
    chance = np.random.default_rng(0)
    proto = onnx.parser.parse_model(text)
    arrays = {"h": chance.normal(size=(64, 64)).astype("f2"), "f": chance.normal(size=(64, 64)).astype("f4")}
    arrays |= {"s": np.ones(64, "f2"), "w": np.ones((64, 64), "f4")}
    used = {name for node in proto.graph.node for name in node.input}
    made = {name for node in proto.graph.node for name in node.output}
    proto.graph.initializer.extend(
        onnx.numpy_helper.from_array(array, name) for name, array in arrays.items() if name in used - made
    )
    return ir.from_proto(onnx.shape_inference.infer_shapes(proto))


def types(model: ir.Model) -> list[tuple[str, int]]:
    tensors = [value.const_value for value in model.graph.initializers.values() if value.const_value is not None]
    return sorted((str(tensor.dtype), int(tensor.size)) for tensor in tensors)


def test_simplified_they_are_as_they_were_and_others_too() -> None:
    simplified, report = simplify(network())
    assert types(simplified) == [("FLOAT", 64), ("FLOAT", 4096), ("FLOAT16", 4096)]
    assert [node.op_type for node in simplified.graph].count("Cast") == 1
    assert report.max_abs_error == {"y": 0}
    assert has_half(simplified)


def test_a_model_without_any_gets_none() -> None:
    simplified, _ = simplify(network(PLAIN))
    assert not has_half(simplified)
    assert types(simplified) == [("FLOAT", 4096)]


def test_the_file_holds_them_so() -> None:
    simplified, _ = simplify(network())
    assert convert_model(simplified).op_counts["DEQUANTIZE"] == 1

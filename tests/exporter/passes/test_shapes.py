import onnx
import onnx_ir as ir

from portproof.exporter.passes.graph import shape_of
from portproof.exporter.passes.shapes import InferShapes

HEAD = '<ir_version: 10, opset_import: ["" : 23, "other" : 1]>\n'


def test_shapes_of_values_in_between(run):
    outcome = run(InferShapes(), "g (float[2,3] x) => (float[p,q] y) { a = Transpose(x)\n y = Relu(a) }")
    assert shape_of(outcome.model.graph.outputs[0]) == (3, 2)


def test_known_shapes_survive_an_operator_that_onnx_does_not_know():
    text = HEAD + "g (float[2,3] x) => (float[2,3] y) <float[5] a> { a = other.Secret(x)\n y = Relu(x) }"
    model = ir.from_proto(onnx.parser.parse_model(text))
    InferShapes()(model)
    assert shape_of(model.graph[0].outputs[0]) == (5,)


def test_shapes_are_followed_through_arithmetic_on_shapes():
    text = (
        HEAD
        + """g (float[2,3,4] x) => (float[p,q] y) {
        s = Shape(x)\n k = Constant<value = int64[1] {1}>()\n z = Constant<value = int64[1] {0}>()
        n = Slice(s, z, k)\n m = Constant<value = int64[1] {-1}>()\n t = Concat<axis = 0>(n, m)\n y = Reshape(x, t) }"""
    )
    model = ir.from_proto(onnx.parser.parse_model(text))
    InferShapes()(model)
    assert shape_of(model.graph.outputs[0]) == (2, 12)

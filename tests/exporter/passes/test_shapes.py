import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.exporter.passes import shapes
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


def test_shapes_and_types_that_are_all_known_need_no_inference(run, monkeypatch):
    monkeypatch.setattr(onnx.shape_inference, "infer_shapes", lambda *_, **__: pytest.fail("inferred"))
    known = "g (float[2,3] x) => (float[3,2] y) <float[3,2] a> { a = Transpose(x)\n y = Relu(a) }"
    assert not run(InferShapes(), known).modified


def test_large_weights_are_not_handed_over(monkeypatch):
    infer, sizes = onnx.shape_inference.infer_shapes, []

    def spy(proto: onnx.ModelProto, **options: bool) -> onnx.ModelProto:
        sizes.append(proto.ByteSize())
        return infer(proto, **options)

    monkeypatch.setattr(onnx.shape_inference, "infer_shapes", spy)
    proto = onnx.parser.parse_model(HEAD + "g (float[2,64] x) => (float[p,q] y) { a = MatMul(x, w)\n y = Relu(a) }")
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros((64, 32), np.float32), "w"))
    model = ir.from_proto(proto)
    InferShapes()(model)
    assert shape_of(model.graph.outputs[0]) == (2, 32)
    assert 0 < sizes[0] < 1000


def test_inner_graphs_are_inferred_too():
    text = HEAD + (
        "g (bool c, float[2,3] x) => (float[p,q] y) { y = If(c) <"
        "then_branch = t () => (float[a,b] u) { m = Transpose(x)\n u = Relu(m) },"
        "else_branch = e () => (float[d,f] v) { n = Transpose(x)\n v = Neg(n) }> }"
    )
    model = ir.from_proto(onnx.parser.parse_model(text))
    assert InferShapes()(model).modified
    assert shape_of(model.graph.outputs[0]) == (3, 2)
    (branch,) = [graph for graph in model.graph.subgraphs() if graph.name == "t"]
    assert shape_of(branch[0].outputs[0]) == (3, 2)


def test_both_ways_find_the_same():
    text = (
        HEAD
        + """g (float[2,3,4] x) => (float[p,q] y) {
        s = Shape(x)\n k = Constant<value = int64[1] {1}>()\n z = Constant<value = int64[1] {0}>()
        n = Slice(s, z, k)\n m = Constant<value = int64[1] {-1}>()\n t = Concat<axis = 0>(n, m)\n y = Reshape(x, t) }"""
    )
    models = [ir.from_proto(onnx.parser.parse_model(text)) for _ in range(2)]
    shapes._by_onnx(models[0])
    shapes._by_onnx_ir(models[1])
    found = [[(v.name, v.shape, v.dtype) for node in model.graph for v in node.outputs] for model in models]
    assert found[0] == found[1]


def test_what_onnx_refuses_stays_unknown(monkeypatch):
    monkeypatch.setattr(onnx.shape_inference, "infer_shapes", lambda *_, **__: 1 / 0)
    model = ir.from_proto(onnx.parser.parse_model(HEAD + "g (float[2] x) => (float[p] y) { y = Relu(x) }"))
    assert not InferShapes()(model).modified

import numpy as np
import onnx
import onnx_ir as ir

from portproof.exporter.passes.functions import PART_OF, ExpandFunctions, has_function


def only(*op_types: str) -> ExpandFunctions:
    return ExpandFunctions(lambda node: node.op_type in op_types)


def test_a_body_takes_the_place_of_its_operator(run):
    text = "g (float[2,3,4] x) => (float[2,3,4] y) { a = Neg(x)\n b = MeanVarianceNormalization<axes = [2]>(a)\n y = Relu(b) }"  # noqa: E501
    outcome = run(only("MeanVarianceNormalization"), text)
    assert (outcome.ops[0], outcome.ops[-1]) == ("Neg", "Relu")
    assert {"ReduceMean", "Sqrt"} < set(outcome.ops)
    assert outcome.max_error < 1e-6


def test_attributes_left_out_have_the_defaults_of_the_schema(run):
    text = "g (float[4] x) => (float[4] y) { a = HannWindow(n)\n y = Mul(x, a) }"
    assert run(only("HannWindow"), text, n=np.array(4)).max_error < 1e-6


def test_bodies_that_depend_on_types_and_inputs(run):
    text = 'g (float[3,5] x, int64[3] t) => (float y) { y = NegativeLogLikelihoodLoss<reduction = "sum">(x, t, w) }'
    outcome = run(only("NegativeLogLikelihoodLoss"), text, w=np.arange(5, dtype=np.float32))
    assert "ReduceSum" in outcome.ops
    assert outcome.max_error < 1e-6


def test_two_of_a_kind_do_not_share_names(run):
    text = "g (float[2,3] x) => (float[2,3] y) { a = Celu(x)\n b = Celu<alpha = 2.0>(a)\n y = Neg(b) }"
    assert run(only("Celu"), text).max_error < 1e-6


def test_an_output_left_out_stays_out(run):
    text = "g (float[3,5] x, int64[3] t) => (float y) { y = SoftmaxCrossEntropyLoss(x, t) }"
    assert run(only("SoftmaxCrossEntropyLoss"), text).ops[-1] == "NegativeLogLikelihoodLoss"


def test_the_parts_know_where_they_come_from():
    text = '<ir_version: 10, opset_import: ["" : 20]>g (float[2,2,3] x, int64[4] s) => (y) { y = AffineGrid(x, s) }'
    model = ir.from_proto(onnx.parser.parse_model(text))
    model.graph[0].metadata_props["portproof.where"] = "net.py:3 in forward"
    assert only("AffineGrid")(model).modified
    parts = list(model.graph.all_nodes())
    assert any(part.graph is not model.graph for part in parts)  # the branches of an If
    assert {part.metadata_props[PART_OF] for part in parts} == {"AffineGrid"}
    assert {part.metadata_props["portproof.where"] for part in parts} == {"net.py:3 in forward"}


def test_what_has_no_body_stays(run):
    assert not run(only("Neg"), "g (float[2] x) => (float[2] y) { y = Neg(x) }").modified


def test_a_node_that_does_not_fit_its_schema_stays():
    text = '<ir_version: 10, opset_import: ["" : 20]>g (float[2] x, float[2] z) => (y) { y = Celu(x, z) }'
    assert not only("Celu")(ir.from_proto(onnx.parser.parse_model(text))).modified


def test_which_operators_have_a_body():
    found = {name: has_function(ir.Node("", name, []), 23) for name in ("AffineGrid", "Attention", "Conv", "NoSuchOp")}
    assert found == {"AffineGrid": True, "Attention": True, "Conv": False, "NoSuchOp": False}
    assert not has_function(ir.Node("com.acme", "AffineGrid", []), 23)
    assert not has_function(ir.Node("", "AffineGrid", []), 18)


def test_an_input_left_out_between_others():
    """onnx's inliner stops there."""
    graph = "g (float[1,4,8] x, float[4,1,3] w, float[1,4,2] p) => (y) { y, s = CausalConvWithState(x, w, , p) }"
    model = ir.from_proto(onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 27]>{graph}'))
    assert only("CausalConvWithState")(model).modified
    assert "Conv" in [node.op_type for node in model.graph]
    assert {node.domain for node in model.graph} == {""}
    assert {node.metadata_props[PART_OF] for node in model.graph} == {"CausalConvWithState"}

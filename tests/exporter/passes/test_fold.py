import numpy as np
import pytest

from portproof.exporter.passes.fold import FoldConstants
from portproof.exporter.passes.graph import constant

W = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_a_chain_of_constants_becomes_one(run):
    text = "g (float[4,3] x) => (float[4,2] y) { t = Transpose(w)\n u = Relu(t)\n y = MatMul(x, u) }"
    outcome = run(FoldConstants(), text, w=W)
    assert outcome.ops == ["MatMul"]
    assert outcome.only.inputs[1].name == "u"
    assert np.array_equal(constant(outcome.only.inputs[1]), W.T)
    assert outcome.max_error == 0


def test_only_what_is_read_outside_is_kept(run):
    text = "g (float[2,3] x) => (float[2,3] y) { a = Neg(w)\n b = Relu(a)\n c = Add(x, a)\n y = Add(c, b) }"
    outcome = run(FoldConstants(), text, w=W)
    assert sorted(outcome.model.graph.initializers) == ["a", "b"]


def test_shapes_and_sizes_of_fixed_shape_are_constants(run):
    text = "g (float[2,3,4] x) => (float[6,4] y) { s = Shape<start = -1>(x)\n m = Constant<value = int64[1] {-1}>()\n t = Concat<axis = 0>(m, s)\n y = Reshape(x, t) }"  # noqa: E501
    outcome = run(FoldConstants(), text)
    assert outcome.ops == ["Reshape"]
    text = "g (float[2,3,4] x) => (int64 y) { s = Size(x)\n y = Identity(s) }"
    assert run(FoldConstants(), text).ops == ["Identity"]


@pytest.mark.parametrize(
    "node",
    [
        "Expand(w, huge)",
        "Tile(w, times)",
        "ConstantOfShape(huge)",
    ],
)
def test_what_would_swell_the_file_stays(run, node):
    text = f"g (float[4000,2,3] x) => (float[4000,2,3] y) {{ a = {node}\n y = Add(x, a) }}"
    weights = {"w": W[None], "huge": np.array([4000, 2, 3]), "times": np.array([4000, 1, 1])}
    outcome = run(FoldConstants(), text, **{k: v for k, v in weights.items() if k in node})
    assert not outcome.modified


def test_a_small_expand_is_folded(run):
    text = "g (float[2,3] x) => (float[2,3] y) { a = Expand(w, s)\n y = Add(x, a) }"
    assert run(FoldConstants(), text, w=W[:1], s=np.array([2, 3])).ops == ["Add"]


@pytest.mark.parametrize("node", ["RandomNormalLike(w)", "RandomUniform<shape = [2, 3]>()", "Bernoulli(w)"])
def test_random_numbers_are_never_folded(node):
    import onnx
    import onnx_ir as ir

    head = '<ir_version: 10, opset_import: ["" : 23]>\n'
    text = head + f"g (float[2,3] x) => (float[2,3] y) {{ a = {node}\n y = Add(x, a) }}"
    proto = onnx.parser.parse_model(text)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(W, "w"))
    assert not FoldConstants()(ir.from_proto(proto)).modified


def test_quantisation_pairs_stay(run):
    text = "g (float[2,3] x) => (float[2,3] y) { q = QuantizeLinear(w, s, z)\n d = DequantizeLinear(q, s, z)\n y = Add(x, d) }"  # noqa: E501
    outcome = run(FoldConstants(), text, w=W, s=np.array(0.1, np.float32), z=np.array(0, np.int8))
    assert outcome.ops == ["QuantizeLinear", "DequantizeLinear", "Add"]


def test_a_weight_that_an_input_may_override_is_no_constant(run):
    text = "g (float[2,3] x, float[2,3] w) => (float[2,3] y) { a = Relu(w)\n y = Add(x, a) }"
    assert not run(FoldConstants(), text, w=W).modified


def test_a_constant_that_is_an_output_keeps_its_node(run):
    text = "g (float[2,3] x) => (float[2,3] y, float[2,3] z) { z = Neg(w)\n y = Relu(x) }"
    assert run(FoldConstants(), text, w=W).ops == ["Neg", "Relu"]


def test_an_operator_set_newer_than_onnx_runtime_is_folded_by_onnx():
    import onnx
    import onnx_ir as ir

    text = (
        '<ir_version: 10, opset_import: ["" : 28]>\ng (float[2,3] x) => (float[2,3] y) { a = Neg(w)\n y = Add(x, a) }'
    )
    proto = onnx.parser.parse_model(text)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(W, "w"))
    model = ir.from_proto(onnx.shape_inference.infer_shapes(proto))
    assert FoldConstants()(model).modified
    assert np.array_equal(constant(model.graph[0].inputs[1]), -W)


def test_only_what_shapes_are_made_of(run):
    text = """g (float[2,16] x) => (float[2,16] y) {
      s = Shape<start = -1>(x) zero = Constant<value = int64 {0}>() one = Constant<value = int64 {1}>()
      n = Squeeze(s) r = Range(zero, n, one) f = Cast<to = 1>(r) y = Add(x, f) }"""
    assert run(FoldConstants(data=False), text).ops == ["Range", "Cast", "Add"]

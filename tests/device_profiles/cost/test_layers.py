"""The work of a graph, read from small models written as ONNX text."""

import numpy as np
import onnx
import pytest

from portproof.device_profiles.cost import graph, layers
from portproof.device_profiles.errors import PortproofError


def work(text, **weights):
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 20, "com.microsoft" : 1]> {text}')
    for name, shape in weights.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(shape, np.float32), name))
    return layers.of_graph(graph.of_proto(model))


def test_a_convolution_with_its_normalization_and_relu_is_one_layer():
    (layer,) = work(
        "g (float[1,8,16,16] x) => (float[1,12,8,8] y)"
        "{ c = Conv<strides=[2,2], pads=[1,1,1,1]>(x, w, b) n = BatchNormalization(c, s, s, s, s) y = Relu(n) }",
        w=(12, 8, 3, 3), b=(12,), s=(12,),
    )  # fmt: skip
    assert (layer.kind, layer.macs) == ("conv", 12 * 64 * 72)
    assert (layer.inputs, layer.outputs, layer.params) == (8 * 256, 12 * 64, 12 * 72 + 12)
    assert (layer.reduction, layer.channels, layer.window, layer.stride) == (72, 12, 9, 4)


@pytest.mark.parametrize(
    ("groups", "shape", "kind"),
    [(1, (8, 8, 1, 1), "pw"), (8, (8, 1, 3, 3), "dw"), (2, (8, 4, 3, 3), "gconv"), (1, (8, 8, 3, 3), "conv")],
)
def test_convolutions_have_four_classes(groups, shape, kind):
    found = work(f"g (float[1,8,9,9] x) => (float[1,8,n,m] y) {{ y = Conv<group={groups}>(x, w) }}", w=shape)
    assert [layer.kind for layer in found] == [kind]


def test_products_with_weights_and_of_two_values_differ():
    found = work(
        "g (float[1,4,6] x) => (float[1,4,4] y) { a = MatMul(x, w) b = Add(a, bias) t = Transpose<perm=[0,2,1]>(b)"
        " y = MatMul(x, t) }", w=(6, 6), bias=(6,),
    )  # fmt: skip
    assert [(layer.kind, layer.macs) for layer in found] == [("fc", 144), ("transpose", 0), ("bmm", 96)]
    assert found[0].params == 36
    assert found[2].params == 0


def test_gelu_is_one_layer_whole_or_in_parts():
    head = "g (float[2,8] x) => (float[2,8] y) <float[1] r = {1.4}, float[1] o = {1}, float[1] h = {0.5}>"
    parts = head + "{ d = Div(x, r) e = Erf(d) a = Add(e, o) m = Mul(x, a) y = Mul(m, h) }"
    whole = "g (float[2,8] x) => (float[2,8] y) { y = Gelu(x) }"
    for text in (parts, whole):
        (layer,) = work(text)
        assert (layer.kind, layer.inputs, layer.outputs) == ("gelu", 16, 16)


@pytest.mark.parametrize(
    ("nodes", "kind"),
    [
        ("y = HardSwish(x)", "hard"),
        ("s = HardSigmoid(x) y = Mul(x, s)", "hard"),
        ("s = Sigmoid(x) t = HardSwish(s) y = Mul(x, t)", "swish"),
        ("y = Sigmoid(x)", "act"),
    ],
)
def test_hard_activations_have_no_exponential(nodes, kind):
    (found,) = work(f"g (float[1,4,8,8] x) => (float[1,4,8,8] y) {{ {nodes} }}")
    assert found.kind == kind


def test_swish_and_the_gate_of_squeeze_and_excitation():
    (swish,) = work("g (float[1,4,8,8] x) => (float[1,4,8,8] y) { s = Sigmoid(x) y = Mul(x, s) }")
    assert swish.kind == "swish"
    gate = work("g (float[1,4,8,8] x) => (float[1,4,8,8] y) { p = GlobalAveragePool(x) s = Sigmoid(p) y = Mul(x, s) }")
    assert [layer.kind for layer in gate] == ["reduce", "act", "elt"]


def test_residual_addition_takes_its_relu_along():
    found = work(
        "g (float[1,4,8,8] x) => (float[1,4,8,8] y) { c = Conv(x, w) a = Add(c, x) y = Relu(a) }", w=(4, 4, 1, 1)
    )
    assert [layer.kind for layer in found] == ["pw", "elt2"]


def test_attention_counts_as_written_out():
    whole = work("g (float[1,2,5,4] q, float[1,2,7,4] k) => (float[1,2,5,4] y) { y = Attention(q, k, k) }")
    parts = work(
        "g (float[1,2,5,4] q, float[1,2,7,4] k) => (float[1,2,5,4] y)"
        "{ t = Transpose<perm=[0,1,3,2]>(k) a = MatMul(q, t) s = Softmax(a) y = MatMul(s, k) }"
    )
    assert [layer.macs for layer in whole] == [280, 0, 280]
    assert [layer.macs for layer in parts] == [0, 280, 0, 280]


def test_recurrent_layers_multiply_at_every_step():
    (layer,) = work(
        "g (float[7,1,5] x) => (float[7,1,1,3] y) { y = LSTM<hidden_size=3>(x, w, r) }", w=(1, 12, 5), r=(1, 12, 3)
    )
    assert (layer.kind, layer.macs) == ("rnn", 7 * 12 * 8)


def test_integer_forms_cost_what_the_operator_between_them_does():
    scale = "<float s = {0.1}, int8 z = {0}>"
    plain = work("g (float[1,4,8,8] x) => (float[1,4,8,8] y) { y = Conv(x, w) }", w=(4, 4, 1, 1))
    pairs = work(
        f"g (float[1,4,8,8] x) => (float[1,4,8,8] y) {scale} {{ q = QuantizeLinear(x, s, z)"
        " d = DequantizeLinear(q, s, z) wq = QuantizeLinear(w, s, z) wd = DequantizeLinear(wq, s, z)"
        " c = Conv(d, wd) cq = QuantizeLinear(c, s, z) y = DequantizeLinear(cq, s, z) }",
        w=(4, 4, 1, 1),
    )
    assert [(one.kind, one.macs, one.params) for one in pairs] == [(one.kind, one.macs, one.params) for one in plain]


def test_shapes_computed_from_shapes_are_followed():
    found = work(
        "g (float[1,4,6] x) => (float[n,m] y) <int64 one = {1}, int64[1] zero = {0}, int64[1] tail = {-1}>"
        "{ s = Shape(x) b = Gather(s, one) c = Mul(b, b) u = Unsqueeze(c, zero) d = Div(u, u)"
        " t = Concat<axis=0>(d, tail) r = Reshape(x, t) y = MatMul(r, w) }", w=(24, 2),
    )  # fmt: skip
    assert [(layer.kind, layer.macs) for layer in found] == [("fc", 48)]


def test_an_unknown_size_is_refused_by_name():
    with pytest.raises(PortproofError) as caught:
        work("g (float[n,4] x) => (float[n,4] y) { y = Exp(x) }")
    assert caught.value.code == "E-MODEL-SHAPE"
    assert "--input" in caught.value.messages[0].hint


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(PortproofError, match="no such model"):
        layers.of_file(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("this is no model at all")
    with pytest.raises(PortproofError) as caught:
        layers.of_file(tmp_path / "text.onnx")
    assert caught.value.code == "E-MODEL-FORMAT"


def test_an_operator_of_another_domain_is_said_to_be_unknown():
    (layer,) = work("g (float[2,3] x) => (float[2,3] y) { y = com.microsoft.BiasSplitGelu(x) }")
    assert layer.kind == "other"


def test_quantizing_when_running_reads_all_and_the_product_stays_one_with_weights():
    found = work(
        "g (float[4,6] x) => (int32[4,5] y) { q, s, z = DynamicQuantizeLinear(x) y = MatMulInteger(q, w) }", w=(6, 5)
    )
    assert [(layer.kind, layer.macs) for layer in found] == [("elt", 0), ("fc", 120)]

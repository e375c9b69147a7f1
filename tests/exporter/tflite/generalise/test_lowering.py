import pytest
from tests.exporter.tflite.generalise.dynamic_support import symbolic, weight

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.inputs import parse
from portproof.exporter.pinning import pin
from portproof.exporter.tflite.generalise.lowering import Form, lowered_at
from portproof.exporter.tflite.generalise.observe import Mismatch

TEXT = """<ir_version: 10, opset_import: ["" : 23]>
g (float[N,3,H,8] x) => (float[N,4,h,4] y) { y = Conv<strides = [2, 2], pads = [1, 1, 1, 1]>(x, w) }"""
FAST, GENERIC = Form(fold=True, generic=False), Form(fold=True, generic=True)


@pytest.fixture
def model():
    return pin(symbolic(TEXT, w=weight(4, 3, 3, 3)), [parse("x=Nx3xHx8")])


def ops(model, height: int, form: Form) -> list[str]:
    return [node.op_type for node in lowered_at(model, {"N": 2, "H": height}, form, free_io=True)[0].graph]


def test_padding_that_fits_one_size_only_is_not_used_in_the_generic_form():
    text = TEXT.replace("H,8", "H,7")
    odd = pin(symbolic(text, w=weight(4, 3, 3, 3)), [parse("x=Nx3xHx7")])
    assert ops(odd, 9, FAST) == ["CONV_2D"]
    assert ops(odd, 8, FAST) == ["PAD", "CONV_2D"]
    assert ops(odd, 9, GENERIC) == ops(odd, 8, GENERIC) == ["PAD", "CONV_2D"]


def test_layouts_are_those_of_the_first(model):
    first, decision = lowered_at(model, {"N": 2, "H": 8}, GENERIC, free_io=True)
    again, same = lowered_at(model, {"N": 3, "H": 12}, GENERIC, free_io=True, decision=decision)
    assert [node.op_type for node in first.graph] == [node.op_type for node in again.graph]
    assert same == decision
    assert decision.inputs == {"x": (0, 2, 3, 1)}


def test_a_decision_for_another_graph_does_not_do(model):
    _, decision = lowered_at(model, {"N": 2, "H": 8}, GENERIC, free_io=True)
    other = pin(
        symbolic(TEXT.replace("y = Conv", "z = Relu(x) y = Conv").replace("(x, w)", "(z, w)"), w=weight(4, 3, 3, 3)),
        [parse("x=Nx3xHx8")],
    )
    with pytest.raises(Mismatch):
        lowered_at(other, {"N": 2, "H": 8}, GENERIC, free_io=True, decision=decision)


def test_what_is_refused_says_at_which_sizes():
    text = """<ir_version: 10, opset_import: ["" : 23]> g (float[N,5,6,6] x) => (float[N,5] y) { y = Det(x) }"""
    model = pin(symbolic(text), [parse("x=Nx5x6x6")])
    with pytest.raises(PortproofError) as caught:
        lowered_at(model, {"N": 7}, FAST, free_io=True)
    assert caught.value.code == "E-OP-UNSUPPORTED"
    assert "met at N=7" in caught.value.messages[0].hint


def test_the_model_is_left_as_it_is(model):
    before = [str(value.shape) for value in model.graph.inputs]
    lowered_at(model, {"N": 2, "H": 8}, FAST, free_io=True)
    assert [str(value.shape) for value in model.graph.inputs] == before == ["[N,3,H,8]"]

import onnx
import onnx_ir as ir
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.inputs import parse
from portproof.exporter.passes.graph import shape_of
from portproof.exporter.pinning import pin, pinned_at

TEXT = '<ir_version: 10, opset_import: ["" : 23]>\n'
TEXT += "g (float[N,3] x, float[N,M] y) => (float[N,K] z) { z = Concat<axis = 1>(x, y) }"


def pinned(*declared: str, text: str = TEXT) -> ir.Model:
    return pin(ir.from_proto(onnx.parser.parse_model(text)), [parse(d) for d in declared])


def refusal(*declared: str, text: str = TEXT) -> PortproofError:
    with pytest.raises(PortproofError) as caught:
        pinned(*declared, text=text)
    return caught.value


def test_shapes_follow_through_the_graph():
    model = pinned("x=2x3", "y=2x5")
    assert shape_of(model.graph.outputs[0]) == (2, 8)


def test_a_symbol_fixed_once_is_fixed_everywhere():
    text = TEXT.replace("N,M", "N,4")
    assert shape_of(pinned("x=2x3", text=text).graph.inputs[1]) == (2, 4)


def test_every_open_input_is_listed_with_a_command():
    error = refusal()
    assert [m.code for m in error.messages] == ["E-MODEL-SHAPE"] * 2
    assert "--input x=1x3" in error.messages[0].hint
    assert "--input y=1x1" in error.messages[1].hint


@pytest.mark.parametrize("declared", ["x=2x4", "x=2x3x1", "x=3"])
def test_a_shape_that_contradicts_the_model(declared):
    error = refusal(declared, "y=2x1")
    assert error.code == "E-MODEL-SHAPE"
    assert "does not fit" in str(error)


def test_a_name_keeps_a_size_dynamic_everywhere_the_model_has_it():
    model = pinned("x=Bx3", "y=BxT")
    assert [str(value.shape) for value in model.graph.inputs] == ["[B,3]", "[B,T]"]


def test_a_dynamic_size_in_one_input_renames_it_in_the_others():
    text = TEXT.replace("N,M", "N,4")
    assert str(pinned("x=Bx3", text=text).graph.inputs[1].shape) == "[B,4]"


def test_an_input_left_out_is_told_both_ways():
    error = refusal("x=Nx3")
    assert [m.what.split("'")[1] for m in error.messages] == ["y"]
    assert "--input y=1x1; or keep sizes dynamic, by name: --input y=NxM" in error.messages[0].hint


@pytest.mark.parametrize(("symbol", "name"), [("dim_0", "dim_0"), ("max_len", "N"), ("7", "N"), ("a b", "N")])
def test_a_name_that_a_declaration_can_hold(symbol, name):
    model = ir.from_proto(onnx.parser.parse_model(TEXT))
    model.graph.inputs[0].shape = ir.Shape([symbol, 3])
    with pytest.raises(PortproofError) as caught:
        pin(model, [parse("y=2x5")])
    assert caught.value.messages[0].hint.endswith(f"--input x={name}x3")


def test_a_fixed_size_cannot_be_made_dynamic():
    text = TEXT.replace("N,3", "2,3")
    error = refusal("x=Nx3", "y=2x5", text=text)
    assert "fixed size 2" in error.messages[0].what
    assert "dynamic axis" in error.messages[0].hint


def test_one_dimension_with_two_meanings():
    error = refusal("x=Bx3", "y=Cx5")
    assert "declares C where B is declared already" in error.messages[0].what
    assert refusal("x=2x3", "y=Cx5").code == "E-MODEL-SHAPE"


def test_a_copy_at_sizes_leaves_the_model_as_it_is():
    model = pinned("x=Bx3", "y=BxT")
    copy = pinned_at(model, {"B": 2, "T": 5})
    assert shape_of(copy.graph.outputs[0]) == (2, 8)
    assert str(model.graph.inputs[1].shape) == "[B,T]"


def test_a_type_that_contradicts_the_model():
    assert refusal("x=2x3:int8").code == "E-USAGE"


def test_an_unknown_name():
    assert refusal("xx=2x3").code == "E-USAGE"


def test_minus_one_is_an_unknown_size():
    model = ir.from_proto(onnx.parser.parse_model(TEXT))
    model.graph.inputs[0].shape = ir.Shape([-1, 3])
    assert shape_of(pin(model, [parse("x=2x3"), parse("y=2x1")]).graph.outputs[0]) == (2, 4)


def test_a_static_model_needs_nothing():
    text = TEXT.replace("N", "2").replace("M", "4").replace("K", "7")
    assert shape_of(pinned(text=text).graph.outputs[0]) == (2, 7)


def test_minus_one_between_nodes_is_an_unknown_size_too():
    model = ir.from_proto(onnx.parser.parse_model(TEXT))
    model.graph.outputs[0].shape = ir.Shape([-1, 4])
    assert shape_of(pin(model, [parse("x=2x3"), parse("y=2x1")]).graph.outputs[0]) == (2, 4)


def test_sequences_do_not_go_in_or_out_and_all_are_told():
    head = '<ir_version: 10, opset_import: ["" : 23]>\n'
    error = refusal(text=head + "g (seq(float[2]) s, float[2] x) => (seq(float[2]) t) { t = SequenceInsert(s, x) }")
    assert [message.code for message in error.messages] == ["E-MODEL-TYPE"] * 2
    assert [message.what.split(" is ")[0] for message in error.messages] == ["input 's'", "output 't'"]

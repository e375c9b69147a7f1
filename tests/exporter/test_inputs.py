import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import inputs


@pytest.mark.parametrize(
    ("text", "name", "shape", "dtype"),
    [
        ("x=1x3x224x224:float32", "x", (1, 3, 224, 224), "float32"),
        ("x=1x3x224x224", "x", (1, 3, 224, 224), ""),
        ("serving_default_x:0=1x8:int32", "serving_default_x:0", (1, 8), "int32"),
        ("a=b=3", "a=b", (3,), ""),
        ("step=:int64", "step", (), "int64"),
        ("ids=Nx128:int64", "ids", ("N", 128), "int64"),
        ("ids=1,max_len:int64", "ids", (1, "max_len"), "int64"),
    ],
)
def test_declarations(text, name, shape, dtype):
    parsed = inputs.parse(text)
    assert (parsed.name, parsed.shape, parsed.dtype) == (name, shape, dtype)


@pytest.mark.parametrize("text", ["x", "=1x3", "x=1xx3", "x=0x3", "x=-1x3", "x=1x3:", "x=1.5", "x=1 x3"])
def test_what_cannot_be_read(text):
    if text == "x=1x3:":  # an empty type is no type
        assert inputs.parse(text).dtype == ""
        return
    with pytest.raises(PortproofError) as caught:
        inputs.parse(text)
    assert caught.value.code == "E-USAGE"
    assert "NAME=1x3x224x224:float32" in caught.value.messages[0].hint


def test_an_unknown_type_names_a_near_one():
    with pytest.raises(PortproofError, match="float") as caught:
        inputs.parse("x=1:flaot32")
    assert "float32" in caught.value.messages[0].hint


def test_symbolic_shapes_are_refused_together_with_a_way_out():
    declared = [inputs.parse("a=Nx3"), inputs.parse("b=2x3"), inputs.parse("c=M")]
    with pytest.raises(PortproofError) as caught:
        inputs.require_static(declared)
    assert [m.code for m in caught.value.messages] == ["E-MODEL-SHAPE"] * 2
    assert "--input a=1x3" in caught.value.messages[0].hint


def test_an_unknown_name():
    assert "pixels" in inputs.unknown_name("pixel", ["pixels", "mask"]).messages[0].hint
    assert "Inputs are: pixels, mask" in inputs.unknown_name("q", ["pixels", "mask"]).messages[0].hint

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


@pytest.mark.parametrize(
    ("text", "shape", "dims", "dtype"),
    [
        ("x=N:1..8x3xHxW", ("N", 3, "H", "W"), ("N:1..8",), ""),
        ("x=Nx3xH:32..512:32xW:32..:16", ("N", 3, "H", "W"), ("H:32..512:32", "W:32..:16"), ""),
        ("ids=N:1..8,max_len:4..128:int64", ("N", "max_len"), ("N:1..8", "max_len:4..128"), "int64"),
        ("x=8xT:2..9", (8, "T"), ("T:2..9",), ""),
        ("x=8xT:2..9:float16", (8, "T"), ("T:2..9",), "float16"),
        ("x=8xT:float16", (8, "T"), (), "float16"),
        ("x:0=T:2..9:3:int8", ("T",), ("T:2..9:3",), "int8"),
        ("x=N:4..4x3", (4, 3), (), ""),
        ("x=N:1..x3", ("N", 3), (), ""),
    ],
)
def test_sizes_that_stay_dynamic(text, shape, dims, dtype):
    parsed = inputs.parse(text)
    assert parsed.shape == shape
    assert tuple(map(str, parsed.dims)) == dims
    assert parsed.dtype == dtype


@pytest.mark.parametrize("text", ["x=N:8..1", "x=N:0..3", "x=N:..3", "x=N:1..8:0", "x=N:3", "x=2:1..8", "x=N:1-8"])
def test_ranges_that_cannot_be_read(text):
    with pytest.raises(PortproofError) as caught:
        inputs.parse(text)
    assert caught.value.code == "E-USAGE"
    assert "N:1..8" in caught.value.messages[0].hint


def test_a_name_in_two_inputs_is_one_dimension_and_its_range_is_written_once():
    declared = [inputs.parse("a=Nx3xT"), inputs.parse("b=N:1..8xT:4..64:4"), inputs.parse("c=5")]
    assert [str(dim) for dim in inputs.dims_of(declared)] == ["N:1..8", "T:4..64:4"]
    assert [d.is_static for d in declared] == [False, False, True]


def test_two_ranges_of_one_dimension():
    with pytest.raises(PortproofError, match=r"two ranges: N:1\.\.8 and N:1\.\.4"):
        inputs.dims_of([inputs.parse("a=N:1..8"), inputs.parse("b=N:1..4")])


def test_an_unknown_name():
    assert "pixels" in inputs.unknown_name("pixel", ["pixels", "mask"]).messages[0].hint
    assert "Inputs are: pixels, mask" in inputs.unknown_name("q", ["pixels", "mask"]).messages[0].hint

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes.feed import check_feed, fits, near_matches
from portproof.runtimes.spec import TensorSpec, to_file_layout, to_source_layout

IMAGE = TensorSpec(name="image", shape=(1, 32, 48, 3), dtype="float32", perm=(0, 2, 3, 1))
COUNT = TensorSpec(name="count", shape=(None,), dtype="int64")


def findings(arrays: dict[str, np.ndarray], *, source_layout: bool = False) -> tuple[Message, ...]:
    with pytest.raises(PortproofError) as caught:
        check_feed((IMAGE, COUNT), arrays, where="a.npz", source_layout=source_layout)
    assert all(message.where == "a.npz" for message in caught.value.messages)
    return caught.value.messages


@given(st.permutations(range(4)))
def test_layouts_are_inverse(perm: list[int]) -> None:
    source = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    file = source.transpose(perm)
    spec = TensorSpec(name="x", shape=file.shape, dtype="int64", perm=tuple(perm))
    assert np.array_equal(to_file_layout(spec, source), file)
    assert np.array_equal(to_source_layout(spec, file), source)
    assert to_file_layout(spec, source).flags.c_contiguous
    assert spec.source_shape == source.shape


def test_no_perm_is_no_copy() -> None:
    array = np.zeros(3)
    spec = TensorSpec(name="x", shape=(3,), dtype="float64")
    assert to_file_layout(spec, array) is array
    assert to_source_layout(spec, array) is array
    assert str(COUNT) == "count: int64[?]"


def test_integers_that_stand_for_real_numbers_are_made_and_read_by_their_scale() -> None:
    spec = TensorSpec(name="x", shape=(2, 3), dtype="int8", perm=(1, 0), quantization=(0.5, -3))
    source = np.array([[0.25, 0.75], [-1, 1e6], [-1e6, 0.2]], np.float32)
    file = to_file_layout(spec, source)
    assert file.dtype == np.int8
    assert file.tolist() == [[-3, -5, -128], [-1, 127, -3]]  # halves to the even step
    assert to_source_layout(spec, file).tolist() == [[0, 1], [-1, 65], [-62.5, 0]]
    assert np.array_equal(to_file_layout(spec, file.T), file)  # integers are integers already


def test_right_arrays_pass() -> None:
    count = np.zeros(5, "int64")
    check_feed((IMAGE, COUNT), {"image": np.zeros((1, 32, 48, 3), "float32"), "count": count}, where="")
    source = np.zeros((1, 3, 32, 48), "float32")
    check_feed((IMAGE, COUNT), {"image": source, "count": count}, where="", source_layout=True)


def test_all_findings_come_together() -> None:
    messages = findings({"Image": np.zeros((1, 32, 48, 3), "float32"), "count": np.zeros((2, 2), "int32")})
    assert [message.code for message in messages] == ["E-DATA-NAME", "E-DATA-DTYPE", "E-DATA-SHAPE"]
    assert messages[0].hint == "did you mean 'image'?"
    assert "astype('int64')" in messages[1].hint
    assert "[2, 2], not [?]" in messages[2].what


def test_missing_without_a_near_match() -> None:
    (message,) = findings({"image": np.zeros((1, 32, 48, 3), "float32")})
    assert message.what == "input 'count' is missing"
    assert "given: image" in message.why


@pytest.mark.parametrize(
    ("shape", "source", "hint"),
    [
        ((32, 48, 3), False, "array[None]"),
        ((1, 3, 32, 48), False, "transpose(0, 2, 3, 1)"),
        ((1, 32, 48, 3), True, "transpose(0, 3, 1, 2)"),
        ((1, 9), False, ""),
    ],
)
def test_shape_hints(shape: tuple[int, ...], source: bool, hint: str) -> None:
    arrays = {"image": np.zeros(shape, "float32"), "count": np.zeros(1, "int64")}
    (message,) = findings(arrays, source_layout=source)
    assert message.code == "E-DATA-SHAPE"
    assert hint in message.hint
    assert bool(hint) == bool(message.hint)


def test_fits_and_near_matches() -> None:
    assert fits((None, 3), (7, 3))
    assert not fits((None, 3), (7, 4))
    assert not fits((None,), (7, 4))
    assert near_matches("INPUT_1", ["input1", "other"]) == ["input1"]
    assert near_matches("zzz", ["input1"]) == []


@pytest.mark.parametrize(("array", "kind"), [(np.array(["a", "b"]), "text"), (np.array([b"a", b"b"]), "bytes")])
def test_what_is_no_numbers_is_called_by_its_name(array: np.ndarray, kind: str) -> None:
    with pytest.raises(PortproofError) as caught:
        check_feed([TensorSpec(name="x", shape=(2,), dtype="float32")], {"x": array}, where="sample")
    (message,) = caught.value.messages
    assert (message.code, message.what) == ("E-DATA-DTYPE", f"'x' holds {kind}, the model wants float32")
    assert "astype" not in message.hint

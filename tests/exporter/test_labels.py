from pathlib import Path

import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.labels import LabelFile, parse_threshold, read, resolve, resolve_thresholds
from portproof.runtimes.spec import TensorSpec

PROB = TensorSpec(name="prob", shape=(1, 3), dtype="float32")
MAP = TensorSpec(name="map", shape=(1, 3, 7, 5), dtype="float32")
TOKENS = TensorSpec(name="tokens", shape=(1, 7, 3), dtype="float32")
CLASSES = TensorSpec(name="classes", shape=(1, 10), dtype="int64")
SCALAR = TensorSpec(name="scalar", shape=(), dtype="float32")
FREE = TensorSpec(name="free", shape=(1, None), dtype="float32")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "labels.txt"
    path.write_text("cat\ndog\ncat\n", encoding="utf-8")
    return path


def resolved(text: str, *specs: TensorSpec):
    (found,) = resolve([read(text)], {"serving_default": specs})
    return found


@pytest.mark.parametrize(
    "data",
    [
        b"cat\ndog\ncat",
        b"cat\ndog\ncat\n",
        b"cat\r\ndog\r\ncat\r\n",
        b"\xef\xbb\xbfcat\ndog\ncat\n",
        b" cat\ndog \ncat\n",
    ],
)
def test_lines_however_they_end(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    found = read(str(file))
    assert found.names == ("cat", "dog", "cat")
    assert found.data == b"cat\ndog\ncat\n"
    assert found.file == "labels.txt"


def test_only_a_line_feed_ends_a_label(file: Path) -> None:
    file.write_text("a\u2028b\nc\x85d\n", encoding="utf-8", newline="\n")
    assert read(str(file)).names == ("a\u2028b", "c\x85d")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"\n", "line 1 is empty"),
        (b"cat\n\ndog\n", "line 2 is empty"),
        (b"cat\n\xff\n", "it is not UTF-8: invalid start byte at byte 4"),
    ],
)
def test_files_that_are_no_labels(file: Path, data: bytes, why: str) -> None:
    file.write_bytes(data)
    with pytest.raises(PortproofError) as caught:
        read(f"prob={file}")
    assert (caught.value.code, caught.value.messages[0].why) == ("E-LABELS", why)
    assert caught.value.exit_status == 5


def test_a_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(PortproofError) as caught:
        read(f"prob={file.with_name('lables.txt')}")
    assert (caught.value.code, caught.value.messages[0].hint) == ("E-FILE-MISSING", "did you mean labels.txt?")
    with pytest.raises(PortproofError, match=r"labels\.txt cannot be used|cannot be used as labels"):
        read(str(file.parent))


def test_a_name_with_an_equals_sign_is_a_file_where_there_is_one(file: Path) -> None:
    odd = file.with_name("a=b.txt")
    odd.write_text("cat\n")
    assert read(str(odd)).output == ""


@pytest.mark.parametrize(("spec", "axis"), [(PROB, 1), (MAP, 1), (TOKENS, 2), (CLASSES, None)])
def test_the_class_axis(file: Path, spec: TensorSpec, axis: int | None) -> None:
    assert resolved(str(file), spec).axis == axis
    assert resolved(f"{spec.name}={file}", PROB, MAP, TOKENS, CLASSES).output == spec.name


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (TensorSpec(name="y", shape=(1, 4), dtype="float32"), "it has 3 labels, output y: float32[1, 4] has 4 classes"),
        (SCALAR, "is a single number: it has no classes"),
        (FREE, "has a number of classes that is not known (its axis 1)"),
    ],
)
def test_another_number_of_classes(file: Path, spec: TensorSpec, why: str) -> None:
    with pytest.raises(PortproofError) as caught:
        resolved(str(file), spec)
    assert caught.value.code == "E-LABELS"
    assert why in caught.value.messages[0].why


def test_which_output_is_said_where_there_are_several(file: Path) -> None:
    with pytest.raises(PortproofError) as caught:
        resolved(str(file), PROB, MAP)
    assert (caught.value.code, caught.value.messages[0].hint) == ("E-USAGE", "say which: prob, map")
    two = {"encode": (PROB,), "decode": (PROB,)}
    with pytest.raises(PortproofError, match="'prob' is an output of several functions"):
        resolve([read(f"prob={file}")], two)
    (found,) = resolve([read(f"decode:prob={file}")], two)
    assert found.signature == "decode"


def test_one_file_for_an_output_and_one_content_for_a_name(file: Path) -> None:
    other = LabelFile(text="map=x/labels.txt", output="map", file="labels.txt", names=("a", "b", "c"))
    first = read(f"prob={file}")
    with pytest.raises(PortproofError) as caught:
        resolve([first, first, other], {"f": (PROB, MAP)})
    assert [message.code for message in caught.value.messages] == ["E-USAGE"] * 2
    assert "has labels already" in caught.value.messages[0].what
    assert "another file is named labels.txt too" in caught.value.messages[1].what


def test_thresholds() -> None:
    (found,) = resolve_thresholds([parse_threshold("0.25")], {"f": (PROB,)})
    assert (found.signature, found.output, found.value) == ("f", "prob", 0.25)
    with pytest.raises(PortproofError, match="there is no output 'prop'"):
        resolve_thresholds([parse_threshold("prop=0.25")], {"f": (PROB,)})
    with pytest.raises(PortproofError, match="has one already"):
        resolve_thresholds([parse_threshold("0.25"), parse_threshold("prob=0.5")], {"f": (PROB,)})
    for text in ("high", "prob=", "nan", "prob=inf"):
        with pytest.raises(PortproofError, match="is not a number"):
            parse_threshold(text)

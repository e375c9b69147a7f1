import os
import tracemalloc
from pathlib import Path

import pytest

from portproof.device_profiles.errors import Message, PortproofError
from portproof.device_profiles.loading.read import read


def refused(path: Path) -> Message:
    with pytest.raises(PortproofError) as caught:
        read(path, "test")
    (message,) = caught.value.messages
    return message


@pytest.mark.parametrize(
    ("content", "what", "where"),
    [
        (b'{"kind": "device"}', "this is JSON, not TOML", ":1"),
        (b"kind: device\nnpu:\n  sram_mib: 2\n", "this is YAML, not TOML", ":1"),
        (b"---\n- a\n", "this is YAML, not TOML", ":1"),
        (b'kind = "device"\nid = \n', "not a TOML file: Invalid value", ":2"),
        (b'kind = "device"\nname = "\xe9"\n', "not UTF-8: byte 0xe9", ":2"),
        ('kind = "device"'.encode("utf-16"), "not UTF-8: it is UTF-16", ":1"),
        (b'\xef\xbb\xbfkind = "device"', "begins with a byte order mark", ":1"),
        (b'kind = "a"\nkind = "b"', "not a TOML file: Cannot overwrite a value", ""),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "lists or tables too deep in each other", ""),
    ],
)
def test_what_is_no_profile_is_named(tmp_path: Path, content: bytes, what: str, where: str) -> None:
    path = tmp_path / "board.toml"
    path.write_bytes(content)
    message = refused(path)
    assert (message.code, what in message.what) == ("E-CONFIG", True), message
    assert message.where.startswith(f"{path}{where}")


def test_a_line_that_looks_like_yaml_in_a_toml_file_is_a_wrong_line(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_text('kind = "device"\nname: 3\n')
    assert (refused(path).what[:16], refused(path).where) == ("not a TOML file:", f"{path}:2")


def test_a_hundred_megabytes_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    tracemalloc.start()
    assert refused(path).what == "too large for a profile: 100.0 MB"
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    assert refused(tmp_path / "pipe.toml").what == "not a file"
    assert refused(tmp_path).what == "not a file"
    assert refused(tmp_path / "absent.toml").code == "E-FILE-MISSING"
    assert "null" in refused(Path("a\0.toml")).what


def test_a_file_is_read_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_text('kind = "device"\n[npu]\nname = "X"\n')
    document = read(path, "project")
    assert (document.data["npu"], document.place) == ({"name": "X"}, "project")
    assert [document.line(key) for key in (("kind",), ("npu", "name"), ("npu", "rules"), ("gpu",))] == [1, 3, 2, None]

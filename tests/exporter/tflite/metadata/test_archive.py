import io
import struct
import zipfile
from pathlib import Path

import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.tflite.metadata.archive import MOST_BYTES, archive, members

FILES = {"labels.txt": b"cat\ndog\n", "wörter.txt": b"a\n"}


def test_members_are_stored_at_offsets_of_the_whole_file(tmp_path: Path) -> None:
    model = bytes(range(256)) * 5
    whole = model + archive(FILES, len(model))
    path = tmp_path / "m.tflite"
    path.write_bytes(whole)
    assert members(path) == FILES
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        for entry in found.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            # Android's reader seeks to the offset as it stands.
            assert whole[entry.header_offset : entry.header_offset + 4] == b"PK\3\4"
    end = whole.rindex(b"PK\5\6")
    (directory,) = struct.unpack_from("<I", whole, end + 16)
    assert whole[directory : directory + 4] == b"PK\1\2"


def test_the_same_files_give_the_same_bytes() -> None:
    assert archive(FILES, 1000) == archive(FILES, 1000)
    assert archive({}, 1000) == b""


def test_a_file_that_no_reader_can_map_is_refused() -> None:
    with pytest.raises(PortproofError, match=r"labels.txt, .* TFLite file of 2.1 GB") as caught:
        archive(FILES, MOST_BYTES - 10)
    assert caught.value.code == "E-USAGE"


@pytest.mark.parametrize("data", [b"", b"PK", b"no archive at all", archive(FILES, 0)[:-5], archive(FILES, 0)[40:]])
def test_no_or_a_damaged_archive_has_no_members(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(data)
    assert members(path) == {}
    assert members(tmp_path / "missing") == {}

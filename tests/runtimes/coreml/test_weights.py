import os
import struct
from pathlib import Path

import coreml_files as files
import numpy as np
import pytest

from portproof.runtimes.coreml.faults import FaultError
from portproof.runtimes.coreml.packed import BITS
from portproof.runtimes.coreml.weights import DTYPE_NUMBERS, Weights


def weights_of(folder: Path, file: files.WeightFile) -> Weights:
    (folder / "weights").mkdir(exist_ok=True)
    (folder / "weights" / "weight.bin").write_bytes(file.data)
    return Weights(folder, folder)


def reason(weights: Weights, name: str, offset: int, dtype: str, count: int) -> str:
    with pytest.raises(FaultError) as caught:
        weights.blob(name, offset, dtype, count)
    assert caught.value.code == "E-MODEL-EXTERNAL"
    return caught.value.why


@pytest.mark.parametrize("dtype", DTYPE_NUMBERS)
def test_every_type(tmp_path: Path, dtype: str) -> None:
    file = files.WeightFile()
    file.add(np.zeros(5, np.float32))
    values = np.array([1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1], "int8" if dtype in BITS else dtype)
    offset = file.add(values, dtype)
    got = weights_of(tmp_path, file).blob(files.WEIGHTS, offset, dtype, 11)
    assert got.tolist() == values.tolist()
    assert got.dtype == (("int8" if dtype == "int4" else "uint8") if dtype in BITS else dtype)
    assert not got.flags.writeable


def test_blobs_are_views_and_shared(tmp_path: Path) -> None:
    file = files.WeightFile()
    whole, narrow = file.add(np.arange(4, dtype=np.float32)), file.add(np.ones(8, np.int8), "uint1")
    weights = weights_of(tmp_path, file)
    assert np.shares_memory(
        weights.blob(files.WEIGHTS, whole, "float32", 4), weights.blob(files.WEIGHTS, whole, "float32", 4)
    )
    assert weights.blob(files.WEIGHTS, narrow, "uint1", 8) is weights.blob(files.WEIGHTS, narrow, "uint1", 8)


def test_an_empty_blob_at_the_end(tmp_path: Path) -> None:
    file = files.WeightFile()
    offset = file.add(np.zeros(0, np.float16))
    assert weights_of(tmp_path, file).blob(files.WEIGHTS, offset, "float16", 0).size == 0


def test_the_padding_of_older_files_may_be_anything(tmp_path: Path) -> None:
    file = files.WeightFile()
    offset = file.add(np.ones(4, np.float32))
    struct.pack_into("<Q", file.data, offset + 24, 12345)
    assert weights_of(tmp_path, file).blob(files.WEIGHTS, offset, "float32", 4).sum() == 4


# Where in the metadata, how, what: sentinel, type, size, offset, padding.
@pytest.mark.parametrize(
    ("at", "layout", "content", "expected"),
    [
        (0, "<I", 0xDEADBEEE, "no blob begins at byte 64"),
        (4, "<I", 2, "element type 2, not int4's"),
        (8, "<Q", 1, "has 1 bytes; the tensor needs 2"),
        (8, "<Q", 2**63, "is said to be bytes 128 to 9223372036854775936 of 130"),
        (16, "<Q", 192, "is said to be bytes 192 to 194"),
        (16, "<Q", 2**64 - 64, "is said to be bytes"),
        (16, "<Q", 0, "is said to be bytes 0 to 2"),
        (16, "<Q", 130, "no multiple of 64"),
        (24, "<Q", 5, "5 bits of padding"),
    ],
)
def test_metadata_that_makes_no_sense(tmp_path: Path, at: int, layout: str, content: int, expected: str) -> None:
    file = files.WeightFile()
    offset = file.add(np.array([1, 2, 3], np.int8), "int4")
    struct.pack_into(layout, file.data, offset + at, content)
    assert expected in reason(weights_of(tmp_path, file), files.WEIGHTS, offset, "int4", 3)


@pytest.mark.parametrize("offset", [0, 1, 63, 65, 128, 1 << 40, 2**64 - 64])
def test_offsets_that_lead_nowhere(tmp_path: Path, offset: int) -> None:
    file = files.WeightFile()
    file.add(np.ones(4, np.float32))
    reason(weights_of(tmp_path, file), files.WEIGHTS, offset, "float32", 4)


def test_a_size_that_is_not_the_tensors(tmp_path: Path) -> None:
    file = files.WeightFile()
    offset = file.add(np.ones(4, np.float32))
    weights = weights_of(tmp_path, file)
    assert "16 bytes; the tensor needs 20" in reason(weights, files.WEIGHTS, offset, "float32", 5)
    assert "needs 4398046511104" in reason(weights, files.WEIGHTS, offset, "float32", 2**40)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", "has 0 bytes"), (b"\0" * 63, "has 63 bytes"), (b"\1\0\0\0\1\0\0\0" + b"\0" * 100, "is of version 1")],
)
def test_what_is_no_weight_file(tmp_path: Path, content: bytes, expected: str) -> None:
    weights = weights_of(tmp_path, files.WeightFile())
    (tmp_path / "weights" / "weight.bin").write_bytes(content)
    assert expected in reason(weights, files.WEIGHTS, 64, "float32", 1)


def test_overlapping_blobs_do_not_multiply_memory(tmp_path: Path) -> None:
    file = files.WeightFile()
    first = file.add(np.ones(80_000, np.int8), "uint1")
    offsets = [first]
    for _ in range(3):
        file._align()
        offsets.append(len(file.data))
        file.data += file.data[first : first + 64]
    # Each of the copies says that its data is one block further on.
    for number, offset in enumerate(offsets):
        struct.pack_into("<QQ", file.data, offset + 8, 1000, 128 + 64 * number)
    weights = weights_of(tmp_path, file)
    for offset in offsets:
        assert weights.blob(files.WEIGHTS, offset, "uint1", 8000).size == 8000
    struct.pack_into("<Q", file.data, offsets[1] + 8, 9936)
    struct.pack_into("<Q", file.data, offsets[0] + 8, 10000)
    weights = weights_of(tmp_path, file)
    weights.blob(files.WEIGHTS, offsets[0], "uint1", 80_000)
    assert "overlap" in reason(weights, files.WEIGHTS, offsets[1], "uint1", 79_488)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "not named as one beside the model"),
        ("weights/weight.bin", "not named as one beside the model"),
        ("/etc/passwd", "not named as one beside the model"),
        ("@model_path/", "not named as one beside the model"),
        ("@model_path//etc/passwd", "not named as one beside the model"),
        ("@model_path/../weights/weight.bin", "not named as one beside the model"),
        ("@model_path/weights/../weights/weight.bin", "not named as one beside the model"),
        ("@model_path/weights/weight.bin\0", "not named as one beside the model"),
        ("@model_path/weights", "is not a file"),
        ("@model_path/none", "is not there"),
        ("@model_path/" + "x" * 5000, "is not there"),
        ("@model_path/pipe", "is not a file"),
        ("@model_path/loop", "is not there"),
        ("@model_path/out", "leads out of the package"),
        ("@model_path/outside/file", "leads out of the package"),
    ],
)
def test_names_that_lead_elsewhere(tmp_path: Path, name: str, expected: str) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (tmp_path / "file").write_bytes(b"x" * 200)
    (package / "out").symlink_to(tmp_path / "file")
    (package / "outside").symlink_to(tmp_path)
    (package / "loop").symlink_to(package / "loop")
    os.mkfifo(package / "pipe")
    assert expected in reason(weights_of(package, files.WeightFile()), name, 64, "float32", 1)


def test_links_inside_of_the_package_are_followed(tmp_path: Path) -> None:
    file = files.WeightFile()
    offset = file.add(np.ones(4, np.float32))
    weights = weights_of(tmp_path, file)
    (tmp_path / "link").symlink_to("weights/weight.bin")
    assert weights.blob("@model_path/link", offset, "float32", 4).sum() == 4

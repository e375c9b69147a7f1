import resource
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite_files as files

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.flatbuffer import DamageError, verify
from portproof.runtimes.tflite_format import io_perms
from portproof.runtimes.tflite_schema import read, schema


def code_of(path: Path) -> str:
    with pytest.raises(PortproofError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    return caught.value.code


def test_reads_what_was_written(tmp_path: Path) -> None:
    model = read(files.scale_model(tmp_path / "m.tflite"))
    graph = model.subgraphs[0]
    assert [tensor.name for tensor in graph.tensors] == [b"serving_x:0", b"factor", b"Identity"]
    assert model.operatorCodes[0].builtinCode == schema.BuiltinOperator.MUL
    assert model.buffers[1].data.view("float32").tolist() == [1, 2, 3]
    assert not model.buffers[1].data.flags.writeable


def test_missing_file(tmp_path: Path) -> None:
    assert code_of(tmp_path / "none.tflite") == "E-FILE-MISSING"
    assert code_of(tmp_path) == "E-FILE-MISSING"


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\0" * 4096, b"\x18\0\0\0TFL3" + b"\0" * 40, b"PK\3\4" * 100])
def test_what_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    assert code_of(path) == "E-MODEL-FORMAT"


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3" + np.random.default_rng(seed).bytes(5000))
    assert code_of(path) == "E-MODEL-FORMAT"


@pytest.mark.parametrize("head", [b"", b"\x18\0\0\0TFL3"])
def test_huge_sparse_file_is_refused_without_reading_it(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(head)
    with path.open("r+b") as stream:
        stream.truncate(6 << 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert code_of(path) == "E-MODEL-FORMAT"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB on Linux, bytes on macOS


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    whole = files.scale_model(tmp_path / "m.tflite").read_bytes()
    cut = tmp_path / "cut.tflite"
    # The builder writes back to front: the last bytes are content, not padding.
    for size in range(0, len(whole), 7):
        cut.write_bytes(whole[:size])
        assert code_of(cut) == "E-MODEL-FORMAT"


def test_mutations_are_read_or_refused_never_worse(tmp_path: Path) -> None:
    perms = {"inputs": {"x": [0, 2, 3, 1]}, "outputs": {}}
    whole = np.fromfile(files.scale_model(tmp_path / "m.tflite", perms=perms), "uint8")
    chance = np.random.default_rng(0)
    path = tmp_path / "mutated.tflite"
    codes = []
    for _ in range(400):
        data = whole.copy()
        places = chance.integers(len(data), size=chance.integers(1, 5))
        data[places] = chance.choice([0, 1, 0x7F, 0xFF, chance.integers(256)], size=len(places))
        path.write_bytes(data.tobytes())
        codes += [_code(read, path), _code(io_perms, path)]
    assert codes.count("E-MODEL-FORMAT") > 100
    assert set(codes) == {"", "E-MODEL-FORMAT"}


def _code(reader: Callable[[Path], Any], path: Path) -> str:
    try:
        reader(path)
    except PortproofError as error:
        return error.code
    return ""


def test_crosswise_sharing_is_not_walked_for_ever() -> None:
    # One graph table whose thousand tensors are one table, listed by a thousand subgraph entries that are one table.
    count = 2000
    builder = bytearray(struct.pack("<I", 8) + b"TFL3")
    model_vtable = struct.pack("<HHHHH", 10, 8, 0, 0, 4)
    builder[0:4] = struct.pack("<I", 8 + 12)
    builder += model_vtable + b"\0\0"
    builder += struct.pack("<iI", 12, 4)  # the model; its field 2 points at the vector right behind
    vector_at = len(builder)
    graph_at = vector_at + 4 + 4 * count + 8
    builder += struct.pack("<I", count)
    builder += b"".join(struct.pack("<I", graph_at - (vector_at + 4 + 4 * index)) for index in range(count))
    builder += struct.pack("<HHH", 6, 8, 4) + b"\0\0"
    builder += struct.pack("<iI", 8, 4)
    tensors_at = len(builder)
    tensor_at = tensors_at + 4 + 4 * count + 4
    builder += struct.pack("<I", count)
    builder += b"".join(struct.pack("<I", tensor_at - (tensors_at + 4 + 4 * index)) for index in range(count))
    builder += struct.pack("<HH", 4, 4) + struct.pack("<i", 4)
    with pytest.raises(DamageError, match="overlap without end"):
        verify(memoryview(bytes(builder)))


def _version(model: Any) -> None:
    model.version = 2


def _no_graph(model: Any) -> None:
    model.subgraphs = []


def _operand(model: Any) -> None:
    model.subgraphs[0].operators[0].inputs = [0, 9]


def _opcode(model: Any) -> None:
    model.subgraphs[0].operators[0].opcodeIndex = 1


def _buffer(model: Any) -> None:
    model.subgraphs[0].tensors[1].buffer = 5


def _graph_output(model: Any) -> None:
    model.subgraphs[0].outputs = [-1]


def _shape(model: Any) -> None:
    model.subgraphs[0].tensors[1].shape = [4]


def _negative(model: Any) -> None:
    model.subgraphs[0].tensors[0].shape = [1, -4]


def _signature(model: Any) -> None:
    model.signatureDefs[0].inputs[0].tensorIndex = 3


def _outside(model: Any) -> None:
    model.buffers[1].data, model.buffers[1].offset, model.buffers[1].size = None, 4000, 12


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_version, "schema version is 2"),
        (_no_graph, "holds no graph"),
        (_operand, "operand is number 9 of 3"),
        (_opcode, "operator code is number 1 of 1"),
        (_buffer, "buffer of a tensor is number 5 of 2"),
        (_graph_output, "graph input or output is number -1 of 3"),
        (_shape, "tensor factor needs 16 bytes, its buffer has 12"),
        (_negative, r"shape \[1, -4\]"),
        (_signature, "tensor of a signature is number 3 of 3"),
        (_outside, "buffer 1 runs past the end"),
    ],
)
def test_rules(tmp_path: Path, spoil: Callable[[Any], None], reason: str) -> None:
    model = read(files.scale_model(tmp_path / "m.tflite"))
    spoil(model)
    path = files.write(tmp_path / "spoilt.tflite", model)
    with pytest.raises(PortproofError, match=reason):
        read(path)


def test_io_perms(tmp_path: Path) -> None:
    path = files.scale_model(tmp_path / "m.tflite", perms={"inputs": {"x": [0, 2, 3, 1]}, "outputs": {"y": [1, 0]}})
    assert io_perms(path).inputs == {"x": (0, 2, 3, 1)}
    assert io_perms(path).outputs == {"y": (1, 0)}
    assert io_perms(files.scale_model(tmp_path / "n.tflite")).inputs == {}


@pytest.mark.parametrize("record", [{}, {"inputs": {"x": [0, 0]}, "outputs": {}}, {"inputs": [], "outputs": {}}])
def test_io_perms_that_make_no_sense(tmp_path: Path, record: dict[str, Any]) -> None:
    path = files.scale_model(tmp_path / "m.tflite", perms=record)
    with pytest.raises(PortproofError, match=r"portproof\.io metadata"):
        io_perms(path)

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.tfl import graph_input, model_of

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.writer import packing
from portproof.exporter.tflite.writer.model import write, write_pieces
from portproof.runtimes.tflite_format import io_perms
from portproof.runtimes.tflite_schema import read

SIZE = packing.FEWEST_OUTSIDE_BYTES // 4 + 1


def model() -> tuple[ir.Model, np.ndarray]:
    """Two large constants of an odd number of elements, and a small one."""
    b = Builder(23)
    x = graph_input("x", (SIZE,))
    weights = np.arange(SIZE, dtype=np.float32)
    y = binary(b, "ADD", binary(b, "MUL", x, b.const(weights)), b.const(weights[::-1].copy()))
    return model_of(b, [x], {"y": binary(b, "SUB", y, b.const(np.array([3], np.float32)))}), weights


def test_weights_behind_the_flatbuffer(monkeypatch, tmp_path) -> None:
    made, weights = model()
    perms = {"inputs": {"x": (0,)}, "outputs": {}}
    inline = bytes(write(made, perms=perms))
    monkeypatch.setattr(packing.pack, "__kwdefaults__", {"most_inline_bytes": 1000})
    pieces = write_pieces(made, perms=perms)
    path = tmp_path / "large.tflite"
    path.write_bytes(packing.joined(pieces))
    assert len(pieces[0]) < 4000 < len(inline)
    offsets = [buffer.offset for buffer in read(path).buffers if buffer.offset]
    assert len(offsets) == 2
    assert all(offset % 16 == 0 for offset in offsets)
    x = np.random.default_rng(0).standard_normal(SIZE).astype(np.float32)
    for data in (path.read_bytes(), inline):
        np.testing.assert_allclose(tflite_outputs(data, {"x": x})["y"], x * weights + weights[::-1] - 3, rtol=1e-5)
    assert io_perms(path).inputs == {"x": (0,)}


def test_large_weights_lie_in_place_and_are_not_copied(tmp_path) -> None:
    made, weights = model()
    pieces = write_pieces(made)
    arrays = [piece for piece in pieces if isinstance(piece, np.ndarray)]
    assert len(arrays) == 2
    assert any(array.base is weights or array is weights or np.shares_memory(array, weights) for array in arrays)
    assert sum(piece.nbytes for piece in pieces if isinstance(piece, memoryview)) < 4000
    path = tmp_path / "net.tflite"
    path.write_bytes(packing.joined(pieces))
    data = [np.asarray(buffer.data) for buffer in read(path).buffers if buffer.data is not None]
    assert sum(np.array_equal(found, weights.view(np.uint8)) for found in data) == 1
    start = path.read_bytes().index(weights.tobytes())
    assert start % packing.BUFFER_ALIGNMENT == 0


def test_pieces_make_what_the_builder_makes_of_copies(monkeypatch) -> None:
    made, _ = model()
    with_places = bytes(write(made))
    monkeypatch.setattr(packing, "FEWEST_OUTSIDE_BYTES", 2**40)
    assert len(write_pieces(made)) == 1
    assert bytes(write(made)) == with_places


def test_views_are_written_in_their_logical_order() -> None:
    array = np.arange(200 * 300, dtype=np.float32).reshape(200, 300)
    b = Builder(23)
    x = graph_input("x", (1, 200))
    y = b.emit("FULLY_CONNECTED", [x, b.const(array.T), b.const(np.zeros(300, np.float32))], shape=(1, 300), dtype="f4")
    made = model_of(b, [x], {"y": y})
    assert array.T.tobytes() in bytes(write(made))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0),
        np.arange(700 * 300).reshape(700, 300).T,
        np.arange(4 * 5 * 6 * 7).reshape(4, 5, 6, 7).transpose(0, 2, 3, 1),
        np.arange(4 * 5 * 6).reshape(4, 5, 6).transpose(2, 0, 1)[::-1],
        np.arange(20)[::2],
        np.array(3.0),
        np.zeros((0, 5)).T,
    ],
    ids=["plain", "matrix", "convolution", "reversed", "strided", "scalar", "empty"],
)
def test_chunks_are_the_bytes_in_logical_order(array: np.ndarray, monkeypatch) -> None:
    monkeypatch.setattr(packing, "_CHUNK_BYTES", 1000)
    found = list(packing.chunks(array))
    assert b"".join(found) == array.tobytes()
    assert array.flags.c_contiguous or all(len(chunk) <= max(1000, array[0].nbytes) for chunk in found)

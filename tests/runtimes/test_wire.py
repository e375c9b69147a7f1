import socket
import struct
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from portproof.runtimes.wire import Channel


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel, socket.socket]]:
    left, right = socket.socketpair()
    with left, right:
        yield Channel(left), Channel(right), left


def test_arrays_come_through_bit_for_bit(ends: tuple[Channel, Channel, socket.socket]) -> None:
    arrays = {
        "f": np.array([[1.5, np.nan], [-0.0, np.inf]], "float32"),
        "h": np.arange(3, dtype="float16"),
        "b": np.array([True, False]),
        "i": np.array(7, "int64"),
        "empty": np.zeros((0, 4), "float32"),
        "strided": np.arange(24, dtype="int32").reshape(4, 6)[::2, ::3],
        "c": np.array([1 + 2j], "complex64"),
    }
    ends[0].send({"note": "é"}, arrays)
    header, received = ends[1].receive(timeout_s=10)
    assert header == {"note": "é"}
    assert list(received) == list(arrays)
    for name, array in arrays.items():
        assert received[name].dtype == array.dtype
        assert received[name].shape == array.shape
        assert received[name].tobytes() == array.tobytes()
        assert received[name].flags.writeable


def test_more_than_the_socket_buffers(ends: tuple[Channel, Channel, socket.socket]) -> None:
    big = np.arange(5_000_000, dtype="float32")
    sender = threading.Thread(target=ends[0].send, args=({}, {"x": big}))
    sender.start()
    _, received = ends[1].receive(timeout_s=30)
    sender.join()
    assert np.array_equal(received["x"], big)


def test_closed_end(ends: tuple[Channel, Channel, socket.socket]) -> None:
    ends[0].close()
    with pytest.raises(EOFError):
        ends[1].receive(timeout_s=10)


def test_timeout_in_both_directions(ends: tuple[Channel, Channel, socket.socket]) -> None:
    with pytest.raises(TimeoutError):
        ends[1].receive(timeout_s=0.05)
    with pytest.raises(TimeoutError):
        ends[0].send({}, {"x": np.zeros(10_000_000)}, timeout_s=0.05)
    with pytest.raises(TimeoutError):
        ends[0].send({}, timeout_s=-1)


@pytest.mark.parametrize(
    "message",
    [
        b"\xff\xff\xff\xff",
        struct.pack(">I", 36) + b'{"_arrays": [["x", "object", [1]]]}  ',
        struct.pack(">I", 38) + b'{"_arrays": [["x", "float32", [-1]]]} ',
    ],
)
def test_a_message_out_of_bounds(ends: tuple[Channel, Channel, socket.socket], message: bytes) -> None:
    ends[2].sendall(message)
    with pytest.raises(OSError, match=r"header of|array of type"):
        ends[1].receive(timeout_s=10)

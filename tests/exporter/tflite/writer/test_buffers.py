import numpy as np
import pytest

from portproof.exporter.tflite.writer.buffers import Buffers

LARGE = np.random.default_rng(0).standard_normal((100, 60)).astype(np.float32)


def changed(array: np.ndarray, place: int) -> np.ndarray:
    copy = array.copy()
    copy.reshape(-1)[place] += 1
    return copy


def test_buffer_zero_is_empty() -> None:
    buffers = Buffers()
    assert [table.data for table in buffers.tables] == [None]
    assert buffers.add(LARGE) == 1


@pytest.mark.parametrize("array", [LARGE, LARGE[:2], np.arange(3), np.zeros((0, 4)), np.array(5.0)])
def test_equal_bytes_are_stored_once_whatever_their_shape_and_order(array: np.ndarray) -> None:
    buffers = Buffers()
    number = buffers.add(array)
    assert buffers.add(array.copy()) == number
    assert buffers.add(array.reshape(-1)) == number
    assert buffers.add(array.T.copy().T) == number
    assert len(buffers.tables) == 2


@pytest.mark.parametrize("place", [0, 70, 999, 2999, 3000, 5999])
def test_one_different_element_is_enough(place: int) -> None:
    """In the sample or beside it: and each of several such arrays is found again."""
    buffers = Buffers()
    arrays = [LARGE, changed(LARGE, place), changed(LARGE, 1234), LARGE[:, ::-1]]
    numbers = [buffers.add(array) for array in arrays]
    assert numbers == [1, 2, 3, 4]
    assert [buffers.add(array.copy()) for array in reversed(arrays)] == numbers[::-1]


def test_transposed_views_are_told_apart_by_their_logical_order() -> None:
    buffers = Buffers()
    square = LARGE[:60]
    assert buffers.add(square) == 1
    assert buffers.add(square.T) == 2
    assert buffers.add(np.ascontiguousarray(square.T)) == 2


def test_big_endian_is_turned() -> None:
    buffers = Buffers()
    assert buffers.add(LARGE.astype(">f4")) == buffers.add(LARGE)
    assert buffers.tables[1].data.dtype == np.dtype("<f4")


def test_bytes() -> None:
    buffers = Buffers()
    assert buffers.add_bytes(b"abcd") == buffers.add(np.frombuffer(b"abcd", np.int32))

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portproof.exporter.tflite.make.progressions import as_moves


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3).flatmap(
        lambda sizes: st.tuples(st.just(sizes), st.permutations(range(len(sizes))), st.integers(0, 5))
    )
)
def test_every_order_of_axes_is_found(case: tuple[list[int], list[int], int]) -> None:
    sizes, order, start = case
    index = np.arange(np.prod(sizes)).reshape(sizes).transpose(order) + start
    moves = as_moves(index)
    assert moves is not None
    again = np.arange(moves.count).reshape(moves.sizes).transpose(moves.order).reshape(-1) + moves.start
    assert np.array_equal(again, index.reshape(-1))


@given(st.lists(st.integers(0, 7), min_size=1, max_size=8))
def test_whatever_is_found_is_right(index: list[int]) -> None:
    moves = as_moves(np.array(index))
    if moves is not None:
        again = np.arange(moves.count).reshape(moves.sizes).transpose(moves.order).reshape(-1) + moves.start
        assert again.tolist() == index


@pytest.mark.parametrize("index", [[], [0, 2, 4], [1, 0], [0, 1, 1, 2], [3, 2, 1, 0], [0, 1, 2, 4, 5, 6]])
def test_what_leaves_out_repeats_or_turns_round(index: list[int]) -> None:
    assert as_moves(np.array(index, np.int64)) is None

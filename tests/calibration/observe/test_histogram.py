import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portproof.calibration.observe import histogram
from portproof.calibration.observe.histogram import BINS, Histogram

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False)


def same(one: Histogram, other: Histogram) -> bool:
    heads = [(h.low, h.high, h.exponent, h.first) for h in (one, other)]
    return heads[0] == heads[1] and np.array_equal(one.counts, other.counts)


def test_counts_are_those_of_the_bins_that_it_names() -> None:
    values = np.random.default_rng(0).normal(size=5000).astype(np.float32)
    found = histogram.of(values)
    edges = (np.arange(len(found.counts) + 1) + found.first) * found.width
    assert np.array_equal(found.counts, np.histogram(values.astype(np.float64), edges)[0])
    assert (found.low, found.high, found.size) == (float(values.min()), float(values.max()), 5000)
    assert BINS / 2 <= len(found.counts) <= BINS
    assert np.allclose(found.centers, (edges[1:] + edges[:-1]) / 2)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(FLOATS, max_size=5), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_order_and_shards_change_no_bit(parts: list[list[float]], chance: object) -> None:
    arrays = [np.asarray(part, np.float32) for part in parts]
    whole = histogram.of(np.concatenate(arrays))
    forward = functools.reduce(histogram.merge, map(histogram.of, arrays), histogram.EMPTY)
    chance.shuffle(arrays)  # type: ignore[attr-defined]
    shuffled = functools.reduce(histogram.merge, map(histogram.of, arrays), histogram.EMPTY)
    assert same(whole, forward)
    assert same(whole, shuffled)
    assert len(whole.counts) <= BINS


def test_a_range_that_grows_merges_pairs_of_bins() -> None:
    narrow = np.linspace(-1, 1, 999, dtype=np.float32)
    wide = np.asarray([-3000.0, 5000.0], np.float32)
    merged = histogram.merge(histogram.of(narrow), histogram.of(wide))
    assert same(merged, histogram.of(np.concatenate([wide, narrow])))
    assert merged.exponent > histogram.of(narrow).exponent


@pytest.mark.parametrize("value", [0.0, 1000.0, -1e-30, 3e38])
def test_one_value_is_one_bin(value: float) -> None:
    found = histogram.of(np.full((2, 3), value, np.float32))
    assert (found.low, found.high, found.counts.tolist()) == (np.float32(value), np.float32(value), [6])
    assert abs(found.centers[0] - value) <= found.width


def test_nothing_changes_nothing() -> None:
    some = histogram.of(np.ones(3, np.float32))
    assert histogram.of(np.zeros((0, 4), np.float32)) is histogram.EMPTY
    assert histogram.merge(histogram.EMPTY, some) is some
    assert histogram.merge(some, histogram.EMPTY) is some


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_ends_are_finite_or_none(value: float) -> None:
    assert histogram.finite_ends(np.asarray([0.0, -1.5, 2.0], np.float32)) == (-1.5, 2.0)
    assert histogram.finite_ends(np.asarray([0.0, value, 2.0], np.float32)) is None
    assert histogram.finite_ends(np.zeros(0, np.float32)) == (0.0, 0.0)


@pytest.mark.parametrize("size", [131_072, 400_000, 96 * 112 * 112, 320 * 320 * 5, 999_983])
def test_of_a_large_array_a_part_is_counted_for_all_and_the_extremes_are_exact(size: int) -> None:
    values = np.random.default_rng(0).normal(size=size).astype(np.float32)
    values[1] = 50.0  # among those that are not counted
    found = histogram.of(values)
    assert found.high == 50.0
    assert found.size == values.size
    assert found.counts[-1] == 0
    assert abs(float(found.counts @ found.centers) / found.size - values.mean()) < 0.02


def test_every_column_of_a_large_array_is_counted() -> None:
    for width in (5, 7, 37, 112, 320):
        array = np.broadcast_to(np.arange(width, dtype=np.float32), (3, 1 << 17, width))
        found = histogram.of(array)
        columns = np.unique(np.floor(found.centers[found.counts > 0]))
        assert columns.tolist() == list(range(width))

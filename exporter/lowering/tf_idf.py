"""What the attributes of TfIdfVectorizer ask for: the n-grams of its pool, their columns, their weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portproof.exporter.lowering.refusal import Refusal

_MODES = ("TF", "IDF", "TFIDF")
_MOST_COMPARED = 1 << 24


@dataclass(frozen=True, kw_only=True)
class Grams:
    """The n-grams of one length.

    Attributes:
        pool: int64 [count, length].
        skips: how many entries may lie between each two of its own, always the same number.
    """

    pool: NDArray[np.int64]
    skips: int

    def steps(self, length: int) -> list[tuple[int, int]]:
        """Distances between entries, each with the number of places where an n-gram may begin in a row of `length`."""
        found = [(step, length - (self.pool.shape[1] - 1) * step) for step in range(1, self.skips + 2)]
        return [(step, places) for step, places in found if places > 0]


@dataclass(frozen=True, kw_only=True)
class TfIdf:
    """The operator, without its input.

    Attributes:
        grams: of the lengths that count, shortest first.
        columns: float32 [width, n-grams that count]: 1 where an n-gram counts for a column.
        once: whether an n-gram counts once, however often it stands there.
        weights: float32 [width], or None.
    """

    grams: tuple[Grams, ...]
    columns: NDArray[np.float32]
    once: bool
    weights: NDArray[np.float32] | None

    @property
    def width(self) -> int:
        """How many columns there are."""
        return int(self.columns.shape[0])

    def check_size(self, rows: int, length: int) -> None:
        """Raises `Refusal` where comparing every place with every n-gram is too much."""
        for grams in self.grams:
            if rows * length * len(grams.pool) > _MOST_COMPARED:
                raise Refusal(f"{len(grams.pool)} n-grams in {rows} rows of {length}", "use a smaller pool")


def tf_idf(  # noqa: PLR0913 - the attributes of the operator
    *,
    max_gram_length: int,
    max_skip_count: int,
    min_gram_length: int,
    mode: str,
    ngram_counts: Sequence[int],
    ngram_indexes: Sequence[int],
    pool_int64s: Sequence[int] | None,
    pool_strings: Sequence[str] | None,
    weights: Sequence[float] | None,
) -> TfIdf:
    """Reads the attributes.

    Raises:
        Refusal: strings, an unknown mode, weights that runtimes read differently.
    """
    if pool_int64s is None or pool_strings is not None:
        raise Refusal("its pool holds strings, which no mobile kernel takes", "look words up in front of the model")
    if mode not in _MODES:
        raise Refusal(f"mode {mode} is not known")
    width = max(ngram_indexes, default=-1) + 1
    pools = _pools(pool_int64s, ngram_counts)
    counts = [min_gram_length <= pool.shape[1] <= max_gram_length for pool in pools]
    chosen = [count for pool, count in zip(pools, counts, strict=True) for _ in range(len(pool))]
    columns = np.zeros((width, len(ngram_indexes)), np.float32)
    columns[list(ngram_indexes), np.arange(len(ngram_indexes))] = 1
    return TfIdf(
        grams=tuple(
            Grams(pool=pool, skips=0 if pool.shape[1] == 1 else max_skip_count)
            for pool, count in zip(pools, counts, strict=True)
            if count and len(pool)
        ),
        columns=columns[:, chosen],
        once=mode == "IDF",
        weights=_by_column(mode, weights, ngram_indexes, width),
    )


def _pools(pool: Sequence[int], starts: Sequence[int]) -> list[NDArray[np.int64]]:
    """For each length, from 1 on, its n-grams: int64 [count, length]."""
    ends = [*starts[1:], len(pool)]
    parts = [np.array(pool[start:end], np.int64) for start, end in zip(starts, ends, strict=True)]
    return [part.reshape(-1, size) for size, part in enumerate(parts, start=1)]


def _by_column(
    mode: str, weights: Sequence[float] | None, indexes: Sequence[int], width: int
) -> NDArray[np.float32] | None:
    if mode == "TF" or weights is None:
        return None
    if sorted(indexes) != list(range(width)) or (len(set(weights)) > 1 and list(indexes) != list(range(width))):
        raise Refusal("weights of n-grams in another order than their columns, which runtimes read differently")
    return np.array(weights, np.float32)

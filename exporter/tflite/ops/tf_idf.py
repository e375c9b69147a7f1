"""TfIdfVectorizer of integers: how often each n-gram of a pool stands in a row."""

from collections.abc import Sequence
from functools import reduce as fold

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce
from portproof.exporter.tflite.make.known import calc
from portproof.exporter.tflite.make.matmul import fully_connected
from portproof.exporter.tflite.make.movement import concat, reshape, slice_
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import Array, rank_of, shape_of

_MOST_COMPARED = 1 << 24


@onnx_op("TfIdfVectorizer", since=9, note="strings")
def tf_idf_vectorizer(
    b: Builder,
    x: ir.Value,
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
) -> ir.Value:
    """x: int32 or int64 [C] or [rows, C]; float32 [columns] or [rows, columns], column `ngram_indexes[i]` for n-gram i.

    An n-gram may skip as many entries between each two of its own as `max_skip_count` says, always the same number.
    """
    if pool_int64s is None or pool_strings is not None:
        raise Refusal("its pool holds strings, which no mobile kernel takes", "look words up in front of the model")
    rows = reshape(b, x, (1, shape_of(x)[0])) if rank_of(x) == 1 else x
    width = max(ngram_indexes, default=-1) + 1
    grams = _grams(pool_int64s, ngram_counts)
    counts = [
        _counted(b, rows, pool, 0 if size == 1 else max_skip_count)
        for size, pool in grams
        if len(pool) and min_gram_length <= size <= max_gram_length
    ]
    chosen = [min_gram_length <= size <= max_gram_length for size, pool in grams for _ in range(len(pool))]
    if not counts:
        return b.const(np.zeros((*shape_of(x)[:-1], width), np.float32))
    matrix = np.zeros((width, len(ngram_indexes)), np.float32)
    matrix[list(ngram_indexes), np.arange(len(ngram_indexes))] = 1
    found = fully_connected(b, cast(b, concat(b, counts, 1), np.float32), matrix[:, chosen])
    y = _weighted(b, found, mode, _by_column(mode, weights, ngram_indexes, width))
    return reshape(b, y, (*shape_of(x)[:-1], width))


def _grams(pool: Sequence[int], starts: Sequence[int]) -> list[tuple[int, Array]]:
    """For each length, from 1 on, its n-grams: int64 [count, length]."""
    ends = [*starts[1:], len(pool)]
    parts = [np.array(pool[start:end], np.int64) for start, end in zip(starts, ends, strict=True)]
    return [(size, part.reshape(-1, size)) for size, part in enumerate(parts, start=1)]


def _counted(b: Builder, x: ir.Value, grams: Array, most_skipped: int) -> ir.Value:
    """How often each of `grams` [M, n] stands in the rows of `x`: int32 [rows, M]."""
    rows, length = shape_of(x)
    number, size = grams.shape
    if rows * length * number > _MOST_COMPARED:
        raise Refusal(f"{number} n-grams in {rows} rows of {length}", "use a smaller pool")
    wide = cast(b, x, np.int64)
    totals = [b.const(np.zeros((rows, number)), np.int32)]
    for step in range(1, most_skipped + 2):
        places = length - (size - 1) * step
        if places > 0:
            cut = [slice_(b, wide, [0, entry * step], [rows, places]) for entry in range(size)]
            same = [
                binary(b, "EQUAL", reshape(b, part, (rows, places, 1)), b.const(grams[:, entry].reshape(1, 1, -1)))
                for entry, part in enumerate(cut)
            ]
            match = fold(lambda left, right: calc(b, "LOGICAL_AND", left, right), same)
            totals.append(reduce(b, "SUM", cast(b, match, np.int32), [1], keepdims=False))
    return fold(lambda left, right: calc(b, "ADD", left, right), totals[1:] or totals)


def _by_column(mode: str, weights: Sequence[float] | None, indexes: Sequence[int], width: int) -> Array | None:
    if mode == "TF" or weights is None:
        return None
    if sorted(indexes) != list(range(width)) or (len(set(weights)) > 1 and list(indexes) != list(range(width))):
        raise Refusal("weights of n-grams in another order than their columns, which runtimes read differently")
    return np.array(weights, np.float32)


def _weighted(b: Builder, found: ir.Value, mode: str, weights: Array | None) -> ir.Value:
    if mode not in ("TF", "IDF", "TFIDF"):
        raise Refusal(f"mode {mode} is not known")
    if mode == "IDF":
        found = cast(b, binary(b, "GREATER", found, 0), np.float32)
    return found if weights is None else calc(b, "MUL", found, b.const(weights))

"""TfIdfVectorizer of integers: how often each n-gram of a pool stands in a row."""

from collections.abc import Sequence
from functools import reduce as fold

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.tf_idf import Grams, tf_idf
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, reduce
from portproof.exporter.tflite.make.known import calc
from portproof.exporter.tflite.make.matmul import fully_connected
from portproof.exporter.tflite.make.movement import concat, reshape, slice_
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import rank_of, shape_of


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
    asked = tf_idf(
        max_gram_length=max_gram_length,
        max_skip_count=max_skip_count,
        min_gram_length=min_gram_length,
        mode=mode,
        ngram_counts=ngram_counts,
        ngram_indexes=ngram_indexes,
        pool_int64s=pool_int64s,
        pool_strings=pool_strings,
        weights=weights,
    )
    rows = reshape(b, x, (1, shape_of(x)[0])) if rank_of(x) == 1 else x
    out = (*shape_of(x)[:-1], asked.width)
    if not asked.grams:
        return b.const(np.zeros(out, np.float32))
    asked.check_size(*shape_of(rows))
    counts = [_counted(b, cast(b, rows, np.int64), grams) for grams in asked.grams]
    found = fully_connected(b, cast(b, concat(b, counts, 1), np.float32), asked.columns)
    if asked.once:
        found = cast(b, binary(b, "GREATER", found, 0), np.float32)
    return reshape(b, found if asked.weights is None else calc(b, "MUL", found, b.const(asked.weights)), out)


def _counted(b: Builder, x: ir.Value, grams: Grams) -> ir.Value:
    """How often each n-gram stands in the rows of `x`: int32 [rows, count]."""
    rows, length = shape_of(x)
    totals = []
    for step, places in grams.steps(length):
        same = [
            binary(
                b,
                "EQUAL",
                reshape(b, slice_(b, x, [0, entry * step], [rows, places]), (rows, places, 1)),
                b.const(wanted.reshape(1, 1, -1)),
            )
            for entry, wanted in enumerate(grams.pool.T)
        ]
        match = fold(lambda left, right: calc(b, "LOGICAL_AND", left, right), same)
        totals.append(reduce(b, "SUM", cast(b, match, np.int32), [1], keepdims=False))
    none = [b.const(np.zeros((rows, len(grams.pool))), np.int32)]
    return fold(lambda left, right: calc(b, "ADD", left, right), totals or none)

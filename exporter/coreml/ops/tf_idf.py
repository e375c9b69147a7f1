"""TfIdfVectorizer of integers: how often each n-gram of a pool stands in a row."""

from collections.abc import Sequence
from functools import reduce as fold

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import box, concat, expand_dims, reshape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.lowering.tf_idf import Grams, tf_idf

_LARGEST = 2**31 - 1


@onnx_op("TfIdfVectorizer", since=9, note="strings; numbers beyond int32")
def tf_idf_vectorizer(
    b: Builder,
    x: Var,
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
) -> Var:
    """x: int32 [C] or [rows, C]; floats [columns] or [rows, columns], column `ngram_indexes[i]` for n-gram i."""
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
    with b.exactly():
        counts = b.cast(concat(b, [_counted(b, rows, grams) for grams in asked.grams], 1), np.float32)
        found = b.emit("linear", x=counts, weight=asked.columns)
        if asked.once:
            found = b.cast(binary(b, "greater", found, 0), np.float32)
    return reshape(b, found if asked.weights is None else binary(b, "mul", found, b.const(asked.weights)), out)


def _counted(b: Builder, x: Var, grams: Grams) -> Var:
    """How often each n-gram stands in the rows of `x`: int32 [rows, count]."""
    if grams.pool.max(initial=0) > _LARGEST or grams.pool.min(initial=0) < -_LARGEST - 1:
        raise Refusal("its pool holds numbers beyond int32, and Core ML has none")
    rows, length = shape_of(x)
    totals = []
    for step, places in grams.steps(length):
        same = [
            binary(b, "equal", expand_dims(b, box(b, x, 1, entry * step, places), [2]), wanted.reshape(1, 1, -1))
            for entry, wanted in enumerate(grams.pool.T.astype(np.int32))
        ]
        match = b.cast(fold(lambda left, right: b.emit("logical_and", x=left, y=right), same), np.int32)
        totals.append(b.emit("reduce_sum", x=match, axes=[1], keep_dims=False))
    none = [b.const(np.zeros((rows, len(grams.pool)), np.int32))]
    return fold(lambda left, right: binary(b, "add", left, right), totals or none)

"""Computes in a type that the kernels have and casts the result back."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carrier
from portproof.exporter.tflite.make.unsigned import from_ordered, ordered, same_bits
from portproof.exporter.tflite.values import dtype_of, name_of

FLOAT = frozenset({"float32"})
INT = frozenset({"int32"})
INTS = frozenset({"int32", "int64"})
NUMBERS = FLOAT | INTS
"""What arithmetic kernels compute without quantization: int8, uint8 and int16 ones abort or take a scale of 0."""

UInt64 = Literal["bits", "order"]
"""The same bits, for sums and products, which wrap around alike; or numbers in the same order."""


def widened(
    b: Builder,
    kernels: frozenset[str],
    values: Sequence[ir.Value],
    compute: Callable[..., ir.Value],
    *,
    uint64: UInt64 | None = None,
) -> ir.Value:
    """`compute` of `values` in a type its kernels have.

    In integers of 32 or 64 bits the sums and products of narrower ones are exact, and casting back wraps around as
    arithmetic in the narrow type does. A result of the wider type is cast back to the type of the values, any other
    (booleans) is left.

    Args:
        b: the builder.
        kernels: names of the numpy types that the kernels compute without quantization.
        values: all of one type.
        compute: takes as many values as there are, gives one.
        uint64: what `compute` needs of int64 that stands for uint64, if it can do with int64 at all.

    Raises:
        Refusal: no type of the kernels holds every value.
    """
    dtype = dtype_of(values[0])
    if uint64 is not None and dtype == np.uint64:
        return _by_int64(b, values, compute, uint64)
    name = b.source.op_type if b.source is not None else "this operator"
    wide = carrier(dtype, kernels, name, computes=True)
    result = compute(*(cast(b, value, wide) for value in values))
    return cast(b, result, dtype) if name_of(dtype_of(result)) == wide else result


def _by_int64(b: Builder, values: Sequence[ir.Value], compute: Callable[..., ir.Value], keeps: UInt64) -> ir.Value:
    signed = [ordered(b, value) if keeps == "order" else same_bits(b, value, "int64") for value in values]
    result = compute(*signed)
    if dtype_of(result) != np.int64:
        return result
    return from_ordered(b, result) if keeps == "order" else same_bits(b, result, "uint64")

"""Computes in a type that the kernels have and casts the result back."""

from collections.abc import Callable, Sequence

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carrier
from portproof.exporter.tflite.values import dtype_of

FLOAT = frozenset({"float32"})
INT = frozenset({"int32"})
INTS = frozenset({"int32", "int64"})
NUMBERS = FLOAT | INTS
"""What arithmetic kernels compute without quantization: int8, uint8 and int16 ones abort or take a scale of 0."""


def widened(
    b: Builder, kernels: frozenset[str], values: Sequence[ir.Value], compute: Callable[..., ir.Value]
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

    Raises:
        Refusal: no type of the kernels holds every value.
    """
    dtype = dtype_of(values[0])
    name = b.source.op_type if b.source is not None else "this operator"
    wide = carrier(dtype, kernels, name)
    result = compute(*(cast(b, value, wide) for value in values))
    return cast(b, result, dtype) if dtype_of(result).name == wide else result

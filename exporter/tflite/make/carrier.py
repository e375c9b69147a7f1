"""Element types that a kernel lacks go through a wider one that holds every value of theirs exactly.

What computes float64 may do so in float32, as every mobile runtime does, and the user is told (see `narrowing`); what
only moves it about is refused rather than cut.
"""

from collections.abc import Collection

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.values import dtype_of, name_of

_WIDER = {
    "bool": ("uint8", "int8", "int32"),
    "int8": ("int16", "int32", "int64"),
    "uint8": ("int16", "int32", "int64"),
    "int16": ("int32", "int64"),
    "uint16": ("int32", "int64"),
    "int32": ("int64",),
    "uint32": ("int64",),
    "float16": ("float32",),
}
"""Narrowest first. int64, uint64 and float64 have none."""


def carrier(dtype: np.dtype[np.generic], kernel_types: Collection[str], what: str, *, computes: bool = False) -> str:
    """The name of the type in which a kernel of `kernel_types` computes exactly what it would in `dtype`.

    Args:
        dtype: wanted.
        kernel_types: names of numpy types that the kernel has.
        what: the operator, for the refusal.
        computes: float32 will do for float64.

    Raises:
        Refusal: there is none.
    """
    wanted = name_of(dtype)
    for name in (wanted, *_WIDER.get(wanted, ())):
        if name in kernel_types:
            return name
    if computes and wanted == "float64" and "float32" in kernel_types:
        return "float32"
    raise Refusal(
        f"{what} has no TFLite kernel for {wanted}",
        f"cast to {'float32' if dtype.kind == 'f' else 'int32'} before it where the values allow",
    )


def carried(b: Builder, x: ir.Value, kernel_types: Collection[str], what: str, *, computes: bool = False) -> ir.Value:
    """`x` in its carrier; `cast` the result back to the type of `x`.

    Args:
        b: the builder.
        x: any type.
        kernel_types: names of numpy types that the kernel has.
        what: the operator, for the refusal.
        computes: see `carrier`.

    Raises:
        Refusal: no type of the kernel holds every value of the type of `x`.
    """
    return cast(b, x, carrier(dtype_of(x), kernel_types, what, computes=computes))

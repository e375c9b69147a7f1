"""Float types: most kernels compute in float32. float16 goes through it, which only adds precision; so does float64."""

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.values import dtype_of, name_of

CAST_HINT = "cast to float32 before it and back behind it"


def as_float32(b: Builder, x: ir.Value, what: str) -> ir.Value:
    """`x` as float32, for a kernel that has no other float type; `cast` the result back to the type of `x`.

    Args:
        b: the builder.
        x: float32, float16, or float64, which the user is told loses digits (see `narrowing`).
        what: the ONNX operator, for the refusal.

    Raises:
        Refusal: another type.
    """
    name = name_of(dtype_of(x))
    if name not in ("float32", "float16", "float64"):
        raise Refusal(f"the kernels of {what} take float32, not {name}", CAST_HINT)
    return cast(b, x, "float32")

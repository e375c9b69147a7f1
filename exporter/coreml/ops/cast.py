"""Cast and CastLike."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.wrapping import wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, dtype_of
from portproof.exporter.lowering.refusal import Refusal

_TYPES = frozenset(
    ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")
)


@onnx_op("Cast", since=6, note="not bfloat16, float8, 4-bit types and strings")
def cast_(b: Builder, x: Var, *, to: int, saturate: int | None, round_mode: str | None) -> Var:
    """Floats lose their fraction, integers their high bits, truth is whatever is not zero.

    `saturate` and `round_mode` concern float8 only. What a float outside of the integer type becomes is left open
    by ONNX.
    """
    return convert(b, x, ir.DataType(to))


@onnx_op("CastLike", since=15, note="as Cast")
def cast_like(b: Builder, x: Var, target: Var, *, saturate: int | None, round_mode: str | None) -> Var:
    """To the type of `target`."""
    declared = None if b.source is None else b.source.outputs[0].dtype
    return convert(b, x, declared or ir.DataType.from_numpy(np.dtype(dtype_of(target))))


def convert(b: Builder, x: Var, to: ir.DataType) -> Var:
    """`x` in the type `to`.

    Raises:
        Refusal: MIL has nothing for it.
    """
    if to.is_string() or to.numpy().name not in _TYPES:
        raise Refusal(f"MIL has no type {to}", "cast to float32 or int32")
    if to == ir.DataType.BOOL:
        return x if dtype_of(x) == "bool" else binary(b, "not_equal", x, 0)
    return wrapped(b, b.cast(x, np.dtype("int32") if to.numpy().kind in "iu" else to.numpy()))

"""Weights that stay integers in the package: constants of MIL that are computed when the model is loaded."""

from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.values import Array, Var, array_of

_AFFINE = "constexpr_affine_dequantize"
_BLOCKS = "constexpr_blockwise_shift_scale"
_KINDS = frozenset({"int8", "uint8", "int4", "uint4"})
_FORMS = {_AFFINE: "quantized_data", _BLOCKS: "data"}


def is_constant(x: Var) -> bool:
    """Whether `x` is a constant for MIL: a plain one, or one of those made here."""
    return array_of(x) is not None or (x.op is not None and x.op.op_type in _FORMS)


def packed(b: Builder, data: Array, kind: str, scale: Array, zero: Array | None, axis: int) -> Var | None:
    """(data - zero) * scale as a constant that keeps `data`; None where the target has no form for it.

    Args:
        b: the builder.
        data: int8 or uint8, at least one axis.
        kind: ``int8``, ``uint8``, ``int4`` or ``uint4``: what `data` holds.
        scale: floats, of one element, as many as `axis` has entries, or of the rank of `data` for blocks.
        zero: as the scale, None for 0.
        axis: not negative.
    """
    if kind not in _KINDS or not data.ndim:
        return None
    if b.has("iOS18"):
        return _by_blocks(b, data, kind, scale, zero, axis)
    if not b.has("iOS16") or scale.ndim > 1:
        return None
    offset = np.zeros(scale.shape, data.dtype) if zero is None else zero.astype(data.dtype)
    single = scale.size == 1
    return b.emit(
        _AFFINE,
        quantized_data=data,
        zero_point=offset.reshape(()) if single else offset,
        scale=scale.reshape(()) if single else scale,
        axis=0 if single else axis,
    )


def _by_blocks(b: Builder, data: Array, kind: str, scale: Array, zero: Array | None, axis: int) -> Var | None:
    """Scales of the rank of the data, whose sizes divide those of the data."""
    shape = _sizes(data, scale, axis)
    if shape is None or any(size % blocks for size, blocks in zip(data.shape, shape, strict=True)):
        return None
    offset = None if zero is None or not zero.any() else _as_mil(zero.reshape(shape), kind)
    return b.emit(_BLOCKS, data=_as_mil(data, kind), scale=scale.reshape(shape), offset=offset)


def _sizes(data: Array, scale: Array, axis: int) -> tuple[int, ...] | None:
    if scale.size == 1:
        return (1,) * data.ndim
    if scale.ndim == 1:
        return tuple(scale.size if other == axis else 1 for other in range(data.ndim))
    return scale.shape if scale.ndim == data.ndim else None


def _as_mil(array: Array, kind: str) -> Array:
    """With coremltools' marks of 4-bit numbers, which are bytes in numpy."""
    from coremltools.converters.mil.mil import types

    marks = {"int4": types.np_int4_dtype, "uint4": types.np_uint4_dtype}
    return array.astype(marks.get(kind, kind))


def transposed(b: Builder, x: Var) -> Var | Array | None:
    """A constant matrix turned, whichever form it has; None for what is computed at run time."""
    array = array_of(x)
    if array is not None:
        return np.ascontiguousarray(array.T)
    if not is_constant(x):
        return None
    words = {name: item for name, item in x.op.inputs.items() if item is not None}
    return b.emit(x.op.op_type, **{name: _turned(name, item) for name, item in words.items()})


def _turned(name: str, item: Var) -> Any:
    value = item.val
    if name == "axis":
        return 1 - int(value)
    return np.ascontiguousarray(value.T) if np.ndim(value) == 2 else value


def plain(b: Builder, x: Var) -> Var:
    """`x` as a plain constant where it is one of those made here."""
    return b.const(x.op.materialized_val_inference()) if array_of(x) is None and is_constant(x) else x

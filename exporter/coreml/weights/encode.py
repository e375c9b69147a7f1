"""One tensor of weights in a format: which operator of MIL unpacks it, with which arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portproof.exporter.coreml.targets import at_least
from portproof.exporter.coreml.values import Array
from portproof.exporter.coreml.weights.formats import WeightFormat
from portproof.exporter.coreml.weights.linear import quantize
from portproof.exporter.coreml.weights.palette import indices, palette
from portproof.exporter.coreml.weights.roles import Role
from portproof.exporter.coreml.weights.sparse import packed, pruned


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """A tensor, packed.

    Attributes:
        op: the ``constexpr_*`` operator.
        arguments: its inputs by name; arrays of fewer than 8 bits as int8 or uint8, with their type in `narrow`.
        narrow: the element type of arguments narrower than a byte.
        stored: bytes that it takes.
        dense: the weights as they are computed with.
    """

    op: str
    arguments: Mapping[str, Array]
    narrow: Mapping[str, str]
    stored: int
    dense: Array


class NotWorthItError(Exception):
    """Why a tensor stays as it is."""


def encode(weights: Array, role: Role, form: WeightFormat, target: str) -> Encoded:
    """`weights` in `form` for `target`.

    Args:
        weights: float16 or float32.
        role: its axes.
        form: that `target` has.
        target: one of `targets.TARGETS`.

    Raises:
        NotWorthItError: it cannot be stored so, or would take no fewer bytes.
    """
    if not np.isfinite(weights).all():
        raise NotWorthItError("it holds numbers that are not finite")
    made = _ENCODERS[form.kind](weights, role, form, at_least(target, "iOS18"))
    if made.stored >= weights.nbytes:
        raise NotWorthItError(f"it would take {made.stored} bytes in place of {weights.nbytes}")
    return made


def _linear(weights: Array, role: Role, form: WeightFormat, new: bool) -> Encoded:
    blocks = list(weights.shape)
    blocks[role.out] = 1
    if form.block:
        blocks[role.into] = divisor(form.block, weights.shape[role.into])
    made = quantize(weights, blocks, form.bits)
    if made is None:
        raise NotWorthItError(f"its scales leave {weights.dtype}")
    stored = -(-made.data.size * form.bits // 8) + made.scale.nbytes
    if new:
        narrow = {"data": "int4"} if form.bits == 4 else {}
        arguments = {"data": made.data, "scale": made.scale}
        return Encoded(
            op="constexpr_blockwise_shift_scale",
            arguments=arguments,
            narrow=narrow,
            stored=stored,
            dense=made.dense(),
        )
    scale = made.scale.reshape(-1)
    arguments = {
        "quantized_data": made.data,
        "scale": scale,
        "zero_point": np.zeros(scale.shape, np.int8),
        "axis": np.array(role.out, np.int32),
    }
    return Encoded(
        op="constexpr_affine_dequantize",
        arguments=arguments,
        narrow={},
        stored=stored + scale.size,
        dense=made.dense(),
    )


def _palette(weights: Array, role: Role, form: WeightFormat, new: bool) -> Encoded:
    channels = weights.shape[role.out]
    group = divisor(form.group, channels) if form.group else channels
    parts = np.split(np.moveaxis(weights, role.out, 0), channels // group)
    tables = [palette(part, 2**form.bits) for part in parts]
    places = np.concatenate([indices(part, table) for part, table in zip(parts, tables, strict=True)])
    dense = np.concatenate([table[indices(part, table)] for part, table in zip(parts, tables, strict=True)])
    places, dense = (np.ascontiguousarray(np.moveaxis(array, 0, role.out)) for array in (places, dense))
    lut = np.stack(tables)
    stored = -(-weights.size * form.bits // 8) + lut.nbytes
    if not new:
        arguments = {"indices": packed(places, form.bits), "lut": lut[0], "shape": _shape(weights.shape)}
        return Encoded(op="constexpr_lut_to_dense", arguments=arguments, narrow={}, stored=stored, dense=dense)
    groups = [1] * weights.ndim
    groups[role.out] = len(tables)
    return Encoded(
        op="constexpr_lut_to_dense",
        arguments={"indices": places, "lut": lut.reshape(*groups, 2**form.bits, 1)},
        narrow={"indices": f"uint{form.bits}"},
        stored=stored,
        dense=dense,
    )


def _sparse(weights: Array, _role: Role, form: WeightFormat, new: bool) -> Encoded:
    dense = pruned(weights, form.target) if form.target else weights
    mask = (dense != 0).astype(np.uint8)
    kept = dense[dense != 0]
    if not kept.size:
        raise NotWorthItError("all of it is zero")
    stored = -(-mask.size // 8) + kept.nbytes
    arguments = {"nonzero_data": kept, "mask": mask if new else packed(mask, 1)}
    if not new:
        arguments["shape"] = _shape(dense.shape)
    return Encoded(
        op="constexpr_sparse_to_dense",
        arguments=arguments,
        narrow={"mask": "uint1"} if new else {},
        stored=stored,
        dense=np.where(dense == 0, dense.dtype.type(0), dense),
    )


def divisor(wanted: int, size: int) -> int:
    """The largest number up to `wanted` that `size` is made of: blocks and groups are all of one size."""
    return next(part for part in range(min(wanted, size), 0, -1) if size % part == 0)


def _shape(sizes: Sequence[int]) -> Any:
    return np.array(sizes, np.uint32)


_ENCODERS = {"int8": _linear, "int4": _linear, "palette": _palette, "sparse": _sparse}

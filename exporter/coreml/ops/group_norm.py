"""Normalisations of channels over space: InstanceNormalization and GroupNormalization."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import broadcast_to, reshape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, dtype_of, is_known, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal

_RANKS_OF_INSTANCE_NORM = (3, 4)


@onnx_op("InstanceNormalization", since=6)
def instance_normalization(b: Builder, x: Var, scale: Var, bias: Var, *, epsilon: float) -> Var:
    """Each channel of each image by itself; scale and bias [C]."""
    eps = b.like(epsilon, x)
    if rank_of(x) not in _RANKS_OF_INSTANCE_NORM:
        y = b.emit("layer_norm", x=x, axes=list(range(2, rank_of(x))), epsilon=eps)
        return _scaled(b, y, scale, bias)
    if array_of(scale) is None or array_of(bias) is None:
        return _scaled(b, b.emit("instance_norm", x=x, epsilon=eps), scale, bias)
    return b.emit("instance_norm", x=x, gamma=scale, beta=bias, epsilon=eps)


@onnx_op("GroupNormalization", since=18)
def group_normalization_18(b: Builder, x: Var, scale: Var, bias: Var, *, epsilon: float, num_groups: int) -> Var:
    """Scale and bias [num_groups]."""
    _check(x, num_groups)
    members = int(x.shape[1]) // num_groups
    scale, bias = (
        reshape(b, broadcast_to(b, reshape(b, value, (num_groups, 1)), (num_groups, members)), (int(x.shape[1]),))
        for value in (scale, bias)
    )
    return _scaled(b, _by_groups(b, x, num_groups, epsilon), scale, bias)


@onnx_op("GroupNormalization", since=21)
def group_normalization_21(
    b: Builder, x: Var, scale: Var, bias: Var, *, epsilon: float, num_groups: int, stash_type: int
) -> Var:
    """Scale and bias [C]."""
    _check(x, num_groups)
    return _scaled(b, _by_groups(b, x, num_groups, epsilon), scale, bias)


def _check(x: Var, groups: int) -> None:
    if int(x.shape[1]) % groups:
        raise Refusal(f"{int(x.shape[1])} channels cannot be divided into {groups} groups")


def _by_groups(b: Builder, x: Var, groups: int, epsilon: float) -> Var:
    """Normalised as rows [N, groups, the rest], then in its own shape again."""
    sizes = list(shape_of(x)) if is_known(x) else b.emit("shape", x=x)
    rows = b.emit("reshape", x=x, shape=[sizes[0], groups, -1] if is_known(x) else _rows(b, sizes, groups))
    y = b.emit("layer_norm", x=rows, axes=[2], epsilon=b.like(epsilon, x))
    return b.emit("reshape", x=y, shape=sizes)


def _rows(b: Builder, sizes: Var, groups: int) -> Var:
    """The shape [N, groups, -1] for sizes known only at run time."""
    images = b.emit("slice_by_index", x=sizes, begin=[0], end=[1])
    return b.emit("concat", values=[images, np.array([groups, -1], np.int32)], axis=0)


def _scaled(b: Builder, y: Var, scale: Var, bias: Var) -> Var:
    """A factor and an offset for each channel."""
    shape = (1, int(scale.shape[0]), *[1] * (rank_of(y) - 2))
    factor, offset = (reshape(b, b.cast(value, dtype_of(y)), shape) for value in (scale, bias))
    return binary(b, "add", binary(b, "mul", y, factor), offset)

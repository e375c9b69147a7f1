"""A tensor resized along its axes by a rule: MIL's operators where they take the same samples, else axis by axis.

Whether one of MIL's does what ONNX asks for is not decided by names but by comparing the samples that its
documentation says it takes.
"""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.movement import gather, transpose
from portproof.exporter.coreml.values import Array, Var, is_float, rank_of
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.lowering.sampling import Axis, Rule, matrix, nearest

_LEAST_RANK = 3
_LINEAR_MODES = ("UNALIGN_CORNERS", "STRICT_ALIGN_CORNERS", "DEFAULT")
"""The sampling modes of `resize_bilinear`; the first is the one that image networks are trained with."""


def resample(b: Builder, x: Var, axes: Sequence[Axis], rule: Rule) -> Var:
    """Resizes a tensor of any rank.

    Args:
        b: the builder.
        x: floats unless the mode is nearest.
        axes: one for each axis of `x`.
        rule: how.

    Raises:
        Refusal: the mode is not known, or not for this type.
    """
    if rule.mode == "nearest":
        return _nearest(b, x, axes, rule)
    if rule.mode not in ("linear", "cubic"):
        raise Refusal(f"mode {rule.mode} is not known")
    if not is_float(x):
        raise Refusal(f"mode {rule.mode} rounds whole numbers in a way ONNX leaves open", "resize in float32")
    return _weighted(b, x, axes, rule)


def _nearest(b: Builder, x: Var, axes: Sequence[Axis], rule: Rule) -> Var:
    if rule.antialias:
        raise Refusal("antialias has no meaning for mode nearest", "leave antialias out")
    sources = [nearest(axis, rule) for axis in axes]
    done: set[int] = set()
    if is_float(x) and _repeats(axes[-2:], sources[-2:]) and len(axes) >= _LEAST_RANK:
        height, width = (axis.out // axis.size for axis in axes[-2:])
        x = b.emit("upsample_nearest_neighbor", x=x, scale_factor_height=height, scale_factor_width=width)
        done = {len(axes) - 2, len(axes) - 1}
    for number, (axis, source) in enumerate(zip(axes, sources, strict=True)):
        if number not in done and not np.array_equal(source, np.arange(axis.size)):
            x = gather(b, x, source, number)
    return x


def _repeats(axes: Sequence[Axis], sources: Sequence[Array]) -> bool:
    """Whether entries are only repeated, a whole number of times, which leaves nothing to say of what is near."""
    each = zip(axes, sources, strict=True)
    same = all(a.out % a.size == 0 and np.array_equal(s, np.arange(a.out) // (a.out // a.size)) for a, s in each)
    return same and any(axis.out != axis.size for axis in axes)


def _weighted(b: Builder, x: Var, axes: Sequence[Axis], rule: Rule) -> Var:
    weights = [matrix(axis, rule) for axis in axes]
    mode = _mode(axes[-2:], weights[-2:]) if len(axes) >= _LEAST_RANK else None
    done: set[int] = set()
    if mode is not None:
        x = _bilinear(b, x, axes[-2:], mode)
        done = {len(axes) - 2, len(axes) - 1}
    for number, (axis, part) in enumerate(zip(axes, weights, strict=True)):
        if number not in done and not np.array_equal(part, np.eye(axis.size)):
            x = _product(b, x, number, part)
    return x


def _mode(axes: Sequence[Axis], weights: Sequence[Array]) -> str | None:
    """The sampling mode in which MIL takes the same samples on both axes."""
    if all(np.array_equal(part, np.eye(axis.size)) for axis, part in zip(axes, weights, strict=True)):
        return None
    # Coordinates are float32 in both runtimes, by formulas that round differently.
    atol = 1e-6 * max(axis.size for axis in axes)
    for mode in _LINEAR_MODES:
        taken = [linear_weights(axis.size, axis.out, mode) for axis in axes]
        if all(np.allclose(ours, want, rtol=0, atol=atol) for ours, want in zip(taken, weights, strict=True)):
            return mode
    return None


def linear_weights(size: int, out: int, mode: str) -> Array:
    """What MIL's documentation says that `resize_bilinear` weighs entries with along an axis: [out, size]."""
    steps = np.arange(out)
    if mode == "STRICT_ALIGN_CORNERS":
        places = steps * (size - 1) / max(out - 1, 1)
    elif mode == "DEFAULT":
        places = steps * size / out
    else:
        places = (steps + 0.5) * size / out - 0.5
    places = np.clip(places, 0, size - 1)
    low = np.floor(places).astype(int)
    full = np.zeros((out, size))
    np.add.at(full, (steps, low), 1 - (places - low))
    np.add.at(full, (steps, np.minimum(low + 1, size - 1)), places - low)
    return full


def _bilinear(b: Builder, x: Var, axes: Sequence[Axis], mode: str) -> Var:
    """`upsample_bilinear` for whole factors, which more of Apple's engines run, else `resize_bilinear`."""
    height, width = axes
    if mode != "DEFAULT" and all(axis.out % axis.size == 0 for axis in axes):
        return b.emit(
            "upsample_bilinear",
            x=x,
            scale_factor_height=height.out // height.size,
            scale_factor_width=width.out // width.size,
            align_corners=mode == "STRICT_ALIGN_CORNERS",
        )
    return b.emit(
        "resize_bilinear", x=x, target_size_height=height.out, target_size_width=width.out, sampling_mode=mode
    )


def _product(b: Builder, x: Var, axis: int, weights: Array) -> Var:
    """`x` multiplied along `axis` by a constant matrix [out, size]."""
    rank, like = rank_of(x), b.like(weights, x)
    if axis == rank - 2:
        return b.emit("matmul", x=like, y=x)
    order = [other for other in range(rank) if other != axis] + [axis]
    flipped = np.ascontiguousarray(np.asarray(like).T)
    y = b.emit("matmul", x=_matrix(b, transpose(b, x, order)), y=flipped)
    y = b.emit("squeeze", x=y, axes=[0]) if rank == 1 else y
    return transpose(b, y, [order.index(other) for other in range(rank)])


def _matrix(b: Builder, x: Var) -> Var:
    return b.emit("expand_dims", x=x, axes=[0]) if rank_of(x) == 1 else x

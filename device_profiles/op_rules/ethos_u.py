"""Limits of Arm Ethos-U that a list cannot say: Vela 5.2.0, `--supported-ops-report`."""

import math

from portproof.device_profiles.op_rules.facts import OpFacts
from portproof.device_profiles.op_rules.registry import Refused, op_rule

_MOST_REDUCED = {"int8": 16_777_216, "uint8": 8_388_608, "int16": 65_536}
_LONGEST_AXIS = 4096
_REACH = 65_536


@op_rule
def ethos_u_mean(op: OpFacts) -> Refused | None:
    """MEAN: batch 1, few enough elements, over depth only where another axis is 1."""
    x, axes = op.input(0), op.input(1)
    if x is None or axes is None or not x.rank or not axes.values:
        return None
    shape = x.sizes
    reduced = {int(axis) % x.rank for axis in axes.values}
    if x.rank == 4 and shape[0] != 1:
        return Refused(why=f"its batch is {shape[0]}, it takes 1", hint="give one sample a run")
    count = math.prod(shape[axis] for axis in reduced)
    most = _MOST_REDUCED.get(x.dtype, count)
    if count > most:
        return Refused(why=f"it takes the mean of {count} elements, {most} at most", hint="reduce in two steps")
    if any(shape[axis] >= _LONGEST_AXIS for axis in reduced):
        return Refused(why=f"an axis that it reduces has {_LONGEST_AXIS} elements or more", hint="reduce in two steps")
    spatial = (1, 1, 1, *shape)[-3:]
    if x.rank - 1 in reduced and 1 not in spatial:
        return Refused(
            why="it takes the mean over channels of an image",
            hint="take it by a convolution of 1 x 1 with equal weights",
        )
    return None


@op_rule
def ethos_u_resize(op: OpFacts, *, factors: list[int], half_pixel: list[int] | None = None) -> Refused | None:
    """Resizes of Ethos-U55 and U65: both sides by one of a few factors.

    Args:
        op: RESIZE_BILINEAR or RESIZE_NEAREST_NEIGHBOR of [N, H, W, C].
        factors: that it takes.
        half_pixel: those with half pixel centers, where they differ.
    """
    x = op.input(0)
    if x is None or x.rank != 4 or not op.outputs:
        return None
    before, after = x.sizes[1:3], op.outputs[0].sizes[1:3]
    if before in ((1, 1), after):
        return None
    aligned = op.integer("align_corners", 0)
    ratios = [_ratio(old, new, aligned) for old, new in zip(before, after, strict=True)]
    if ratios[0] != ratios[1] and 1 not in after:
        return Refused(why=f"it scales height by {ratios[0]:g} and width by {ratios[1]:g}", hint="scale both alike")
    ratio = max(ratios)
    allowed = half_pixel if half_pixel is not None and op.integer("half_pixel_centers", 0) else factors
    if ratio not in allowed:
        known = ", ".join(str(factor) for factor in allowed)
        return Refused(why=f"it scales by {ratio:g}, it takes {known}", hint="scale in steps of 2")
    return None


@op_rule
def ethos_u85_resize(op: OpFacts, *, power_of_two: bool = False) -> Refused | None:
    """Resizes of Ethos-U85: up to 1024, or 2048 with aligned corners; bilinear ones by powers of two."""
    x = op.input(0)
    if x is None or x.rank != 4 or not op.outputs:
        return None
    aligned = op.integer("align_corners", 0)
    if aligned and op.integer("half_pixel_centers", 0):
        return Refused(why="aligned corners and half pixel centers exclude each other")
    for old, new in zip(x.sizes[1:3], op.outputs[0].sizes[1:3], strict=True):
        ratio = _ratio(old, new, aligned)
        if ratio > (2048 if aligned else 1024):
            return Refused(why=f"it scales by {ratio:g}", hint="scale in two steps")
        whole = ratio == int(ratio) and int(ratio) & (int(ratio) - 1) == 0
        if power_of_two and not whole:
            return Refused(why=f"it scales by {ratio:g}, which is no power of two", hint="scale in steps of 2")
    return None


def _ratio(old: int, new: int, aligned: int) -> float:
    if aligned and old > 1 and new > 1:
        return (new - 1) / (old - 1)
    return new / old


@op_rule
def ethos_u_softmax(op: OpFacts) -> Refused | None:
    """SOFTMAX: rows times columns below 65536."""
    x = op.input(0)
    rows = math.prod(x.sizes[:-1]) if x is not None and x.rank else 0
    return Refused(why=f"it has {rows} rows, fewer than 65536 are taken") if rows >= 65_536 else None


@op_rule
def depth_axis(op: OpFacts, *, most: int = 0) -> Refused | None:
    """ARG_MAX: over the last axis, which is no longer than so many."""
    x, axis = op.input(0), op.input(1)
    if x is None or axis is None or not axis.values or not x.rank:
        return None
    if int(axis.values[0]) % x.rank != x.rank - 1:
        return Refused(why="it searches along another axis than channels", hint="transpose before it")
    if most and x.sizes[-1] > most:
        return Refused(why=f"it searches {x.sizes[-1]} channels, {most} at most are taken")
    return None


@op_rule
def same_shapes(op: OpFacts) -> Refused | None:
    """What goes in and what comes out has one shape."""
    x = op.input(0)
    if x is not None and op.outputs and x.is_static and op.outputs[0].is_static and x.sizes != op.outputs[0].sizes:
        return Refused(why=f"it makes {op.outputs[0].sizes} of {x.sizes}, it takes one shape for both")
    return None


@op_rule
def never(op: OpFacts, *, why: str, hint: str = "") -> Refused | None:  # noqa: ARG001 - a rule takes an operator
    """A form that is listed and refused all the same."""
    return Refused(why=why, hint=hint)


@op_rule
def ethos_u_strided_slice(op: OpFacts) -> Refused | None:
    """STRIDED_SLICE: forwards, with steps along height and width alone; channels are the last axis."""
    x, steps = op.input(0), op.input(3)
    if x is None or steps is None or len(steps.values) != x.rank:
        return None
    for axis, step in enumerate(steps.values):
        if step < 0:
            return Refused(why="it goes backwards", hint="reverse the weights that read it instead")
        if step > 1 and axis not in (x.rank - 2, x.rank - 3):
            return Refused(
                why=f"it steps along axis {axis}, which is neither height nor width", hint="gather by a convolution"
            )
    return None


@op_rule
def gather_axis_is_batch(op: OpFacts) -> Refused | None:
    """GATHER of Ethos-U85: the axis is the number of batch dimensions."""
    axis, batch = op.integer("axis", 0), op.integer("batch_dims", 0)
    if axis != batch:
        return Refused(why=f"it gathers along axis {axis} with {batch} batch dimensions, it takes equal ones")
    return None


@op_rule
def ethos_u_transpose(op: OpFacts) -> Refused | None:
    """TRANSPOSE of Ethos-U55 and U65: sizes that its address registers reach, by the permutation."""
    x, perm = op.input(0), op.input(1)
    if x is None or perm is None or not perm.values or len(perm.values) != x.rank:
        return None
    order = [int(axis) for axis in perm.values]
    if order == sorted(order):
        return None
    if x.dtype == "int32" and x.rank > 4:
        return Refused(why=f"it moves {x.rank} axes of int32, it takes 4", hint="move integers of 8 bits")
    outer, fixed = x.sizes[:-3], order[: max(0, x.rank - 3)]
    if math.prod(outer) == 1 and fixed == sorted(fixed) and (not fixed or fixed[-1] < x.rank - 3):
        fits = max(x.sizes) <= _REACH
    else:
        largest = sorted(x.sizes)[-(x.rank - 2) :] if x.rank > 2 else []
        fits = math.prod(largest) <= _REACH
    hint = "move fewer axes at a time: two transposes, or a reshape that joins axes first"
    return None if fits else Refused(why=f"it moves axes of {x.sizes}, which are too long together", hint=hint)

"""Conditions of Coral's Edge TPU that a list cannot say (coral.ai/docs/edgetpu/models-intro)."""

import math

from portproof.device_profiles.op_rules.facts import OpFacts
from portproof.device_profiles.op_rules.registry import Refused, op_rule
from portproof.device_profiles.op_rules.windows import dilations


@op_rule
def inner_axes(op: OpFacts, *, most: int) -> Refused | None:
    """Only so many of the innermost axes may be longer than 1."""
    for tensor in (*op.computed, *op.outputs):
        outer = tensor.sizes[: max(0, tensor.rank - most)]
        if math.prod(outer) > 1:
            return Refused(why=f"a tensor has more than {most} axes beyond 1", hint="give one sample a run")
    return None


@op_rule
def equal_dilations(op: OpFacts) -> Refused | None:
    """CONV_2D: the same dilation along both axes."""
    height, width = dilations(op)
    return Refused(why=f"its dilation is {height} x {width}, it takes equal ones") if height != width else None


@op_rule
def one_row(op: OpFacts, *, most: int = 0) -> Refused | None:
    """The result is one row: all axes but the last are 1.

    Args:
        op: the operator.
        most: elements of the row; any number where 0.
    """
    made = op.outputs[0].sizes if op.outputs else ()
    if math.prod(made[:-1]) > 1:
        return Refused(why=f"it makes {math.prod(made[:-1])} rows, it takes one", hint="use a convolution of 1 x 1")
    if most and made and made[-1] > most:
        return Refused(why=f"it makes {made[-1]} elements, it takes {most} at most")
    return None


@op_rule
def leaves_batch(op: OpFacts, *, index: int) -> Refused | None:
    """A reduction leaves the first axis alone.

    Args:
        op: the operator.
        index: of the input that holds the axes.
    """
    x, axes = op.input(0), op.input(index)
    if x is None or axes is None or not x.rank:
        return None
    if any(int(axis) % x.rank == 0 for axis in axes.values) and x.rank > 1:
        return Refused(why="it reduces over the batch", hint="give one sample a run")
    return None


@op_rule
def steps_of_one(op: OpFacts) -> Refused | None:
    """STRIDED_SLICE: every step is 1."""
    steps = op.input(3)
    if steps is not None and any(step != 1 for step in steps.values):
        return Refused(why="it takes every n-th element", hint="use a convolution with a stride")
    return None

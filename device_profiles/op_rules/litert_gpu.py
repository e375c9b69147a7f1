"""Conditions of LiteRT's GPU delegate that a list cannot say (LiteRT: tflite/tools/versioning/gpu_compatibility.cc)."""

from collections.abc import Sequence

from portproof.device_profiles.op_rules.facts import OpFacts
from portproof.device_profiles.op_rules.registry import Refused, op_rule

_CASTS = frozenset({("bool", "float16"), ("bool", "float32"), ("float16", "bool"), ("float32", "bool")})
_NUMBERS = frozenset({"float32", "int32"})


@op_rule
def gpu_broadcast(op: OpFacts) -> Refused | None:
    """ADD and MUL: shapes of other ranks must be broadcastable from the last axis on."""
    first, second = op.input(0), op.input(1)
    if first is None or second is None or first.rank == second.rank or min(first.rank, second.rank) < 2:
        return None
    for one, other in zip(reversed(first.sizes), reversed(second.sizes), strict=False):
        if one != other and 1 not in (one, other):
            return Refused(why=f"it does not broadcast {first.sizes} with {second.sizes}", hint="give both four axes")
    return None


@op_rule
def gpu_cast(op: OpFacts) -> Refused | None:
    """CAST between bool and floats, and between float32 and int32."""
    first = op.input(0)
    if first is None or not op.outputs:
        return None
    pair = (first.dtype, op.outputs[0].dtype)
    if pair in _CASTS or set(pair) <= _NUMBERS:
        return None
    return Refused(why=f"it casts {pair[0]} to {pair[1]}", hint="cast between float32 and int32 or bool")


@op_rule
def gpu_fully_connected(op: OpFacts) -> Refused | None:
    """FULLY_CONNECTED: keeping axes only where the ranks are equal; at most two inputs computed when running."""
    first = op.input(0)
    if op.integer("keep_num_dims", 0) and first is not None and op.outputs and first.rank != op.outputs[0].rank:
        return Refused(why="it keeps its axes and has another number of them in the result")
    if len(op.computed) > 2:
        return Refused(why="input, weights and bias are all computed when running, it takes two", hint="fix the bias")
    return None


@op_rule
def gpu_select(op: OpFacts) -> Refused | None:
    """SELECT: what is chosen from has the result's shape, or one element."""
    for index in (1, 2):
        tensor = op.input(index)
        if tensor is None or not op.outputs or not tensor.rank or tensor.sizes == op.outputs[0].sizes:
            continue
        if tensor.rank > 1 or tensor.sizes[0] > 1:
            return Refused(
                why=f"input {index} has the shape {tensor.sizes}, the result {op.outputs[0].sizes}",
                hint="expand it to the result's shape before it, or choose from a scalar",
            )
    return None


@op_rule
def input_rank(op: OpFacts, *, index: int, ranks: Sequence[int]) -> Refused | None:
    """An input has one of some numbers of axes.

    Args:
        op: the operator.
        index: of the input.
        ranks: the numbers that are taken.
    """
    tensor = op.input(index)
    if tensor is None or tensor.shape is None or tensor.rank in ranks:
        return None
    known = " or ".join(str(rank) for rank in ranks)
    return Refused(why=f"input {index} has {tensor.rank} axes, it takes {known}", hint="reshape around it")

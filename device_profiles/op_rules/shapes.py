"""Rules on shapes that hold for many units."""

from portproof.device_profiles.op_rules.facts import OpFacts
from portproof.device_profiles.op_rules.registry import Refused, op_rule

_PIN = "give the size a number with --input"


@op_rule
def static(op: OpFacts) -> Refused | None:
    """All sizes are known before it runs."""
    for tensor in (*(each for each in op.inputs if each is not None), *op.outputs):
        if tensor.shape is not None and not tensor.is_static:
            return Refused(why="a size is known only when running", hint=_PIN)
    return None


@op_rule
def inputs_between(op: OpFacts, *, least: int, most: int) -> Refused | None:
    """It joins so many tensors."""
    count = len(op.inputs)
    hint = "join them in two steps"
    return None if least <= count <= most else Refused(why=f"it joins {count}, it takes {least} to {most}", hint=hint)


@op_rule
def outputs_between(op: OpFacts, *, least: int, most: int) -> Refused | None:
    """It makes so many tensors."""
    count = len(op.outputs)
    hint = "split it in two steps"
    return None if least <= count <= most else Refused(why=f"it makes {count}, it takes {least} to {most}", hint=hint)

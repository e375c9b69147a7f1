"""Rules on shapes that hold for many units."""

from portproof.device_profiles.op_rules.facts import OpFacts
from portproof.device_profiles.op_rules.registry import Refused, op_rule

_PIN = "give the size a number with --input"


@op_rule
def static(op: OpFacts) -> Refused | None:
    """All sizes are known before it runs."""
    for tensor in (*(each for each in op.inputs if each is not None), *op.outputs):
        if tensor.shape is not None and not tensor.is_static:
            return Refused(why=f"a size of {tensor.name} is known only when running", hint=_PIN)
    return None

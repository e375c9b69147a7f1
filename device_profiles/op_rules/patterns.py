"""Rules on operators that a compiler takes only as a part of something larger."""

from portproof.device_profiles.op_rules.facts import OpFacts
from portproof.device_profiles.op_rules.registry import Refused, op_rule


@op_rule
def part_of(op: OpFacts, *, pattern: str) -> Refused | None:
    """It stands in a pattern that the compiler fuses."""
    if op.pattern == pattern:
        return None
    return Refused(why=f"it is taken as a part of {pattern} only", hint=f"compute it as {pattern}")

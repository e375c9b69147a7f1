"""Operators that rules cannot tell apart: networks repeat their blocks, and rules see no names."""

from collections.abc import Hashable, Sequence

from portproof.device_profiles.op_rules.facts import TensorFacts
from portproof.exporter.check.operators import Operator


def alike(operators: Sequence[Operator]) -> tuple[int, ...]:
    """For each operator the place of the first one that is the same but for names."""
    first: dict[Hashable, int] = {}
    return tuple(first.setdefault(_key(operator), at) for at, operator in enumerate(operators))


def _key(operator: Operator) -> Hashable:
    facts = operator.facts
    tensors = tuple(None if each is None else _tensor(each) for each in facts.inputs)
    attributes = tuple((name, repr(value)) for name, value in sorted(facts.attributes.items()))
    outputs = tuple(map(_tensor, facts.outputs))
    return (facts.dialect, facts.op, facts.version, facts.pattern, facts.inside, attributes, tensors, outputs)


def _tensor(tensor: TensorFacts) -> Hashable:
    known = (tensor.shape, tensor.dtype, tensor.constant, tensor.values)
    return (*known, tensor.scales, tensor.zero_points, tensor.axis, tensor.largest_sum)

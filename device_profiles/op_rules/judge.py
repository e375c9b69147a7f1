"""One operator held against the rules of a unit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.device_profiles.op_rules.registry import Refused, apply

if TYPE_CHECKING:
    from portproof.device_profiles.op_rules.schema import AttributeLimit, Group, Limits, OpRules

Figures = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a unit takes an operator.

    Attributes:
        taken: whether.
        reasons: why not.
        source: where the rule is from.
        confidence: ``documented``, ``reported`` or ``inferred``.
    """

    taken: bool
    reasons: tuple[Refused, ...] = ()
    source: str = ""
    confidence: str = "documented"


def judge(
    rules: "OpRules",
    op: OpFacts,
    figures: Figures | None = None,
    *,
    added: Sequence[str] = (),
    removed: Sequence[str] = (),
) -> Verdict:
    """Whether a unit takes an operator, and why not.

    Args:
        rules: of the unit, in the operator's dialect.
        op: what is known of the operator.
        figures: of the device, by name (``{"htp_arch": 73}``): groups may hold for some devices only.
        added: operators that a profile says the unit takes beside those of the rules, whatever their form.
        removed: operators that a profile says it does not take.
    """
    whole = rules.sources[rules.source]
    if op.op in removed or op.op in added:
        said = Refused(why="the device's profile says that it does not take it")
        return Verdict(taken=op.op in added, reasons=() if op.op in added else (said,), source="the device's profile")
    if op.op in rules.refused:
        return Verdict(taken=False, reasons=(_no_operator(rules, op, rules.refused[op.op]),), source=whole)
    groups = [group for group in rules.by_op.get(op.op, ()) if holds(group.when, figures or {})]
    free = rules.all_but and op.op not in rules.by_op
    reasons = tuple(_general(rules, op))
    if not groups and not free:
        reasons = (_why_none(rules, op, figures or {}),)
    elif op.inside and not (rules.inner_graphs or rules.all_but or op.inside in rules.by_op):
        reasons = (Refused(why=f"it stands in a {op.inside}, which {rules.name} does not take"),)
    if reasons or not groups:
        return Verdict(taken=not reasons, reasons=reasons, source=whole)
    return _by_groups(rules, groups, op)


def _by_groups(rules: "OpRules", groups: "Sequence[Group]", op: OpFacts) -> Verdict:
    """By the first group without objections; else by the one whose types fit and that has the fewest."""
    tried: list[tuple[Group, tuple[Refused, ...]]] = []
    for group in groups:
        broken = tuple(_broken(group, op))
        if not broken:
            return _verdict(rules, group, ())
        tried.append((group, broken))
    nearest, broken = min(tried, key=lambda each: (any(_types(each[0], op)), len(each[1])))
    return _verdict(rules, nearest, broken)


def _verdict(rules: "OpRules", group: "Group", broken: tuple[Refused, ...]) -> Verdict:
    source = rules.sources[group.source or rules.source]
    return Verdict(taken=not broken, reasons=broken, source=source, confidence=group.confidence)


def _general(rules: "OpRules", op: OpFacts) -> Iterator[Refused]:
    """The first of the limits of all operators that is broken: the others mostly follow from it."""
    for limits in rules.everywhere:
        broken = () if op.op in limits.exempt else tuple(_broken(limits, op))
        if broken:
            yield from broken[:1]
            return


def holds(when: Mapping[str, tuple[float, float]], figures: Figures) -> bool:
    """Whether the figures of a device lie in all ranges; one that is not known does not: nothing is promised then."""
    return all(name in figures and low <= figures[name] <= high for name, (low, high) in when.items())


def _why_none(rules: "OpRules", op: OpFacts, figures: Figures) -> Refused:
    groups = rules.by_op.get(op.op, ())
    if not groups:
        return _no_operator(rules, op, "")
    name, (low, _) = next(iter(groups[0].when.items()))
    known = f"this device has {figures[name]:g}" if name in figures else "the profile of this device does not say it"
    return Refused(why=f"{op.op} needs {name} {low:g} or newer, and {known}")


def _no_operator(rules: "OpRules", op: OpFacts, why: str) -> Refused:
    return Refused(why=why or f"{rules.name} has no operator {op.op}", hint=rules.hints.get(op.op, ""))


def _broken(limits: "Limits", op: OpFacts) -> Iterator[Refused]:
    """What of the limits is broken; where types do not fit, nothing else is worth saying."""
    types = tuple(_types(limits, op))
    yield from types
    if types:
        return
    yield from _constants(limits, op)
    yield from _ranks(limits, op)
    for name, limit in limits.attributes.items():
        yield from _attribute(name, limit, op)
    for named in limits.rules:
        refused = apply(named.rule, op, named.arguments)
        if refused is not None:
            yield refused


def _types(limits: "Limits", op: OpFacts) -> Iterator[Refused]:
    asked: list[tuple[str, TensorFacts, tuple[str, ...]]] = []
    for index, tensor in enumerate(op.inputs):
        if tensor is None:
            continue
        if index in limits.input_types:
            asked.append((f"input {index}", tensor, limits.input_types[index]))
        elif not tensor.constant:
            asked.append((f"input {index}", tensor, limits.types))
    asked += [(f"output {k}", tensor, limits.output_types or limits.types) for k, tensor in enumerate(op.outputs)]
    told: set[tuple[str, tuple[str, ...]]] = set()
    for place, tensor, types in asked:
        if types and tensor.dtype and tensor.dtype not in types and (tensor.dtype, types) not in told:
            told.add((tensor.dtype, types))
            yield Refused(why=f"{place} is {tensor.dtype}, it takes {_list(types)}", hint=limits.hint)


def _constants(limits: "Limits", op: OpFacts) -> Iterator[Refused]:
    for index in limits.constant:
        tensor = op.input(index)
        if tensor is not None and not tensor.constant:
            hint = "make it a constant of the model: a size or a weight that is not computed when running"
            yield Refused(why=f"input {index} is computed when running, it must be a constant", hint=hint)
    for index in limits.computed:
        tensor = op.input(index)
        if tensor is not None and tensor.constant:
            yield Refused(why=f"input {index} is a constant, it must be computed when running")


def _ranks(limits: "Limits", op: OpFacts) -> Iterator[Refused]:
    tensors = [*(tensor for tensor in op.inputs if tensor is not None), *op.outputs]
    largest = max((tensor.rank for tensor in tensors), default=0)
    if limits.max_rank is not None and largest > limits.max_rank:
        hint = f"fold axes together before it, so that at most {limits.max_rank} are left"
        yield Refused(why=f"a tensor has {largest} axes, it takes {limits.max_rank} at most", hint=hint)
    first = op.input(0)
    if limits.min_rank is not None and first is not None and first.shape is not None and first.rank < limits.min_rank:
        hint = f"give it {limits.min_rank} axes: sizes of 1 in front"
        yield Refused(why=f"its input has {first.rank} axes, it takes {limits.min_rank} or more", hint=hint)


def _attribute(name: str, limit: "AttributeLimit", op: OpFacts) -> Iterator[Refused]:
    found = op.attributes.get(name, limit.default)
    if found is None:
        return
    for value in found if isinstance(found, list | tuple) else (found,):
        if limit.only and value not in limit.only:
            yield Refused(why=f"{name} is {value}, it takes {_list(limit.only)}", hint=limit.hint)
            return
        if isinstance(value, int | float) and not _between(value, limit):
            yield Refused(why=f"{name} is {value:g}, it takes {_range(limit)}", hint=limit.hint)
            return


def _between(value: float, limit: "AttributeLimit") -> bool:
    return (limit.least is None or value >= limit.least) and (limit.most is None or value <= limit.most)


def _range(limit: "AttributeLimit") -> str:
    if limit.least is None:
        return f"{limit.most:g} at most"
    return f"{limit.least:g} or more" if limit.most is None else f"{limit.least:g} to {limit.most:g}"


def _list(values: Sequence[object]) -> str:
    texts = [str(value) for value in values]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"

"""What a merged profile names and does not hold: other profiles, operator rules, operators."""

from collections.abc import Callable, Iterator, Sequence

from portproof.device_profiles.errors import Message
from portproof.device_profiles.loading.lines import Key
from portproof.device_profiles.loading.messages import wrong_key
from portproof.device_profiles.loading.near import nearest
from portproof.device_profiles.op_rules import load as op_rules
from portproof.device_profiles.schema.profile import Profile
from portproof.device_profiles.schema.units import Unit

Locate = Callable[[Key], tuple[str, int | None]]


def missing(profile: Profile, ids: Sequence[str], locate: Locate) -> list[Message]:
    """``E-CONFIG`` for each name that nothing has.

    Args:
        profile: with all that it extends.
        ids: of the profiles that there are.
        locate: the file and line of a path.
    """
    return [
        wrong_key(path, what, locate(path), hint)
        for path, what, hint in (*_lenders(profile, ids), *_rules(profile), *_operators(profile))
    ]


def _lenders(profile: Profile, ids: Sequence[str]) -> Iterator[tuple[Key, str, str]]:
    for key, figure in profile.figures.items():
        if figure.borrowed_from and figure.borrowed_from not in ids:
            what = f'no profile is named "{figure.borrowed_from}"'
            yield (*key.split("."), "borrowed_from"), what, nearest(figure.borrowed_from, list(ids))
    for fit in profile.latency:
        if fit.borrowed_from and fit.borrowed_from not in ids:
            path = ("latency", f"{fit.unit}/{fit.runtime}/{fit.precision}", "borrowed_from")
            yield path, f'no profile is named "{fit.borrowed_from}"', nearest(fit.borrowed_from, list(ids))


def _rules(profile: Profile) -> Iterator[tuple[Key, str, str]]:
    known = op_rules.units()
    for name, unit in profile.units.items():
        for rule in unit.rules:
            if rule not in known:
                hint = nearest(rule, list(known)) or f"rules are {', '.join(known)}"
                yield (name, "rules"), f'no rules are named "{rule}"', hint
            elif (processor := op_rules.load(rule).processor) != name:
                yield (name, "rules"), f"{rule} are rules of a {processor}", f"they belong in the table [{processor}]"


def _operators(profile: Profile) -> Iterator[tuple[Key, str, str]]:
    """Operators that are taken away and were never taken: likely a name that is written wrong."""
    for name, unit in profile.units.items():
        taken = _taken(unit)
        for op in unit.ops_removed if taken else ():
            if op not in taken:
                hint = nearest(op, sorted(taken)) or "TFLite's operators are written RESIZE_BILINEAR, ONNX's Resize"
                yield (name, "ops", op), f"ops-: none of its rules takes {op}", hint


def _taken(unit: Unit) -> set[str]:
    """All operators that rules of a unit take; empty where they take all but a few, or where there are none."""
    rules = [op_rules.load(rule) for rule in unit.rules if rule in op_rules.units()]
    return set() if any(each.all_but for each in rules) else {op for each in rules for op in each.by_op}

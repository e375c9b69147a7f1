"""Rules in code: one function each, for what a list cannot say; found by being in a module of this package."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portproof.device_profiles.op_rules.facts import OpFacts


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Why an operator is not taken.

    Attributes:
        why: a sentence without its dot.
        hint: what would change it; empty where nothing is known.
    """

    why: str
    hint: str = ""


Rule = Callable[..., Refused | None]
_RULES: dict[str, Rule] = {}


def op_rule(function: Rule) -> Rule:
    """Make a function a rule, under its own name.

    It takes an `OpFacts` and keyword arguments, which a rules file gives, and returns why it refuses, or None. What is
    not known (a size that is open) is no reason to refuse: the rule `static` says that already.
    """
    if function.__name__ in _RULES:
        raise KeyError(f"two rules are named {function.__name__}")
    _RULES[function.__name__] = function
    return function


@functools.cache
def _load_all() -> Mapping[str, Rule]:
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
    return _RULES


def problem(name: str, arguments: Mapping[str, Any]) -> str:
    """What is wrong with naming a rule so in a file; empty where nothing is."""
    rule = _load_all().get(name)
    if rule is None:
        return f"no rule is named {name}"
    known = list(inspect.signature(rule).parameters)[1:]
    unknown = sorted(set(arguments) - set(known))
    return (
        f"the rule {name} does not take {', '.join(unknown)}: it takes {', '.join(known) or 'nothing'}"
        if unknown
        else ""
    )


def apply(name: str, op: OpFacts, arguments: Mapping[str, Any]) -> Refused | None:
    """What a rule says of an operator."""
    return _load_all()[name](op, **arguments)

"""What is known of the Apple Neural Engine, by generation: rules as data, each with its source. Advice, never fact."""

import functools
import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from portproof.device_profiles.errors import PortproofError

RULES = Path(__file__).parent / "rules" / "apple-neural-engine.toml"

Verdict = Literal["likely", "unlikely", "unsure"]
Confidence = Literal["documented", "reported", "inferred"]
LimitKind = Literal[
    "float32",
    "integer",
    "ranged",
    "unknown_size",
    "rank",
    "extent",
    "channels",
    "kernel_width",
    "window",
    "dilation",
    "state_width",
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Generation(_Strict):
    """Chips that share a Neural Engine, as far as is known."""

    name: str
    chips: tuple[str, ...] = Field(min_length=1)


class _Rule(_Strict):
    """Where it holds (both ends included; no end where empty), how sure it is, and a key of the sources."""

    since: str = ""
    until: str = ""
    confidence: Confidence
    source: str


class OperatorRule(_Rule):
    """Whether operators of MIL run there; generations before `since` do not have them."""

    names: tuple[str, ...] = Field(min_length=1)
    verdict: Verdict
    reason: str = ""


class Limit(_Rule):
    """What operators that run there cannot take; all of them where `operators` is empty.

    Attributes:
        most: the largest value that passes; of a state's width, what it must be a multiple of.
        reason: a sentence with ``{found}`` and ``{most}``.
    """

    kind: LimitKind
    operators: tuple[str, ...] = ()
    most: int = 0
    reason: str


class Note(_Rule):
    """What is worth knowing of a package with one of `operators`."""

    operators: tuple[str, ...] = Field(min_length=1)
    text: str


class Rules(_Strict):
    """All of it; generations oldest first."""

    generations: tuple[Generation, ...]
    sources: dict[str, str]
    operators: tuple[OperatorRule, ...]
    limits: tuple[Limit, ...]
    notes: tuple[Note, ...]

    @model_validator(mode="after")
    def _refers_to_what_there_is(self) -> Self:
        known = {generation.name for generation in self.generations}
        for rule in (*self.operators, *self.limits, *self.notes):
            if rule.source not in self.sources or not {rule.since, rule.until} <= {"", *known}:
                raise ValueError(f"a rule names a source or a generation that there is not: {rule}")
        names = [name for rule in self.operators for name in rule.names]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"operators with two rules: {', '.join(twice)}")
        return self

    def age(self, generation: str) -> int:
        """The place of a generation among all."""
        return [each.name for each in self.generations].index(generation)

    def holds(self, rule: _Rule, generation: str) -> bool:
        """Whether a limit or a note is one of a generation."""
        age = self.age(generation)
        return (not rule.since or self.age(rule.since) <= age) and (not rule.until or age <= self.age(rule.until))

    def of_operator(self, name: str) -> OperatorRule | None:
        """The rule for an operator, None where nothing is known of it."""
        return next((rule for rule in self.operators if name in rule.names), None)

    def generation_of(self, chip: str) -> str:
        """The generation of a chip: ``"A17 Pro"``, ``"M2 Max"``, ``"Apple A16 Bionic"``.

        Raises:
            PortproofError: ``E-DEVICE-UNKNOWN``.
        """
        wanted = chip.strip().removeprefix("Apple ").casefold()
        for generation in self.generations:
            if wanted in {name.casefold() for name in generation.chips}:
                return generation.name
        known = ", ".join(name for generation in self.generations for name in generation.chips)
        raise PortproofError("E-DEVICE-UNKNOWN", f"nothing is known of a chip {chip!r}", hint=f"chips are {known}")


@functools.cache
def load_rules() -> Rules:
    """The rules that come with Portproof."""
    return Rules.model_validate(tomllib.loads(RULES.read_text(encoding="utf-8")))

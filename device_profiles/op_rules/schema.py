"""What a rules file holds: `rules/ops-<unit>.toml`. Imported only where rules are read: it needs pydantic."""

import functools
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from portproof.device_profiles.op_rules.facts import Dialect
from portproof.device_profiles.op_rules.registry import problem

Processor = Literal["cpu", "gpu", "npu"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AttributeLimit(_Strict):
    """What an attribute may be: one of a list, or a number (each of several) in a range.

    Attributes:
        only: the values that are taken.
        least: the smallest number.
        most: the largest.
        default: where the attribute is left out.
        hint: what to do otherwise.
    """

    only: tuple[str | int | float | bool, ...] = ()
    least: float | None = None
    most: float | None = None
    default: Any = None
    hint: str = ""


class NamedRule(_Strict):
    """A function of `op_rules` and what it is given."""

    model_config = ConfigDict(frozen=True, extra="allow")
    rule: str

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of the function."""
        return dict(self.__pydantic_extra__ or {})

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if wrong := problem(self.rule, self.arguments):
            raise ValueError(wrong)
        return self


class Limits(_Strict):
    """What operators must keep to be taken.

    Attributes:
        types: of the inputs known only when running, and of the outputs; empty: any.
        input_types: instead of these, and for constants too, by the input's index.
        output_types: of the outputs, where theirs differ.
        constant: inputs that must be known now.
        computed: inputs that must not be.
        max_rank: of all inputs and outputs, constants of no axes aside.
        min_rank: of the first input.
        attributes: by name.
        rules: further conditions, functions of `op_rules`.
        hint: what to do where the types do not fit.
    """

    types: tuple[str, ...] = ()
    input_types: dict[int, tuple[str, ...]] = Field(default_factory=dict)
    output_types: tuple[str, ...] = ()
    constant: tuple[int, ...] = ()
    computed: tuple[int, ...] = ()
    max_rank: int | None = None
    min_rank: int | None = None
    attributes: dict[str, AttributeLimit] = Field(default_factory=dict)
    rules: tuple[NamedRule, ...] = ()
    hint: str = ""

    @model_validator(mode="before")
    @classmethod
    def _short_rules(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("rules"), list):
            rules = [{"rule": each} if isinstance(each, str) else each for each in data["rules"]]
            return {**data, "rules": rules}
        return data


class Group(Limits):
    """Operators with the same limits. One operator may stand in several groups: one that takes it is enough.

    Attributes:
        ops: their types, as the dialect names them.
        when: figures of the device that must lie in a range for the group to hold: ``{ htp_arch = [73, 999] }``.
        source: where that is from, a key of the sources; that of the unit where left out.
        confidence: how sure: ``documented`` by the maker or read in its code, ``reported`` by others, ``inferred``.
    """

    ops: tuple[str, ...] = Field(min_length=1)
    when: dict[str, tuple[float, float]] = Field(default_factory=dict)
    source: str = ""
    confidence: Literal["documented", "reported", "inferred"] = "documented"


class Exempt(Limits):
    """Limits of all operators but some."""

    exempt: tuple[str, ...] = ()


class OpRules(_Strict):
    """What one unit takes.

    Attributes:
        unit: its name, equal to the file's.
        name: in words.
        processor: what it is a path to.
        dialect: whose operators are listed.
        version: of the software that the rules were read from.
        notes: what a user should know.
        inner_graphs: bodies of loops and branches run on the unit although their operator does not.
        partitions: how many of the partitions run on the unit: all where None; the largest ones else.
        first_only: one partition, and all that comes after the first refused operator runs on the CPU.
        least_nodes: partitions of fewer operators stay on the CPU.
        parameters_mib: of weights that fit on the chip.
        integer: whose integer kernels (`integer_kernels`) a quantized model is placed for.
        integer_io: inputs and outputs are integers: there is nothing else that the unit could read.
        all_but: every operator is taken but those of `refused`.
        refused: operators that are not taken, and why, where more is known than that.
        hints: what to do without an operator.
        everywhere: limits of all operators, each table with those that it exempts.
        operators: groups of operators.
        sources: where facts are from, by key.
        source: of the unit as a whole.
        variants: other rules that hold for units whose variant begins so: ``{ ethos-u85 = "ethos-u85" }``.
        latency: the runtime that measurements name for this path, and the precisions of a float and an int8 file.
        advice: the verdicts are advice, never fact: the runtime decides on the device and does not say how.
    """

    unit: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: str
    processor: Processor
    dialect: Dialect
    version: str = ""
    notes: tuple[str, ...] = ()
    inner_graphs: bool = False
    partitions: int | None = None
    first_only: bool = False
    least_nodes: int = 1
    parameters_mib: float | None = None
    integer: str = "litert-reference"
    integer_io: bool = False
    all_but: bool = False
    refused: dict[str, str] = Field(default_factory=dict)
    hints: dict[str, str] = Field(default_factory=dict)
    everywhere: tuple[Exempt, ...] = ()
    operators: tuple[Group, ...] = ()
    sources: dict[str, str]
    source: str
    variants: dict[str, str] = Field(default_factory=dict)
    latency: dict[Literal["runtime", "float", "int8"], str] = Field(default_factory=dict)
    advice: bool = False

    @model_validator(mode="after")
    def _refers_to_what_there_is(self) -> Self:
        for key in (self.source, *(group.source for group in self.operators)):
            if key and key not in self.sources:
                raise ValueError(f"no source is named {key}")
        if not self.all_but and not self.operators:
            raise ValueError("no operator is taken: neither groups nor all_but")
        return self

    @functools.cached_property
    def by_op(self) -> dict[str, tuple[Group, ...]]:
        """The groups of each operator."""
        found: dict[str, list[Group]] = {}
        for group in self.operators:
            for op in group.ops:
                found.setdefault(op, []).append(group)
        return {op: tuple(groups) for op, groups in found.items()}

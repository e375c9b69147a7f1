"""Which operators of a package the Apple Neural Engine will likely run, by chip: advice, never fact.

Core ML decides on the device, and Apple documents little of how. The rules and their sources are data,
`device_profiles/rules/apple-neural-engine.toml`; only Xcode's performance report on the device itself is proof.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portproof.exporter.coreml.macs import macs, shapes_of
from portproof.exporter.coreml.placement import Reason, Surroundings, place
from portproof.runtimes.coreml.parse import read
from portproof.runtimes.coreml.program import Block, Function, Operation, Package
from portproof.runtimes.coreml.walk import operations

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.device_profiles.neural_engine import Rules
    from portproof.device_profiles.schema import Profile

CAUTION = (
    "advice, not fact: Core ML decides on the device, and only Xcode's performance report there shows what runs where"
)
_SUFFIXES = ("_cast_fp16", "_cast_fp32")


@dataclass(frozen=True, kw_only=True)
class OperatorAdvice:
    """Where one operator will likely run.

    Attributes:
        operator: its name in the package.
        type: MIL's.
        verdict: ``"likely"`` or ``"unlikely"`` on the Neural Engine, or ``"unsure"``.
        reasons: why not, or why one cannot tell.
        macs: multiply-accumulates of one run; None where a size is not declared.
        source: the ONNX operator that it comes from; empty where that is not known.
        where: the torch module and line, where known.
    """

    operator: str
    type: str
    verdict: str
    reasons: tuple[Reason, ...] = ()
    macs: int | None = 0
    source: str = ""
    where: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        data = {
            "operator": self.operator,
            "type": self.type,
            "neural_engine": self.verdict,
            "reasons": [reason.as_dict() for reason in self.reasons],
            "macs": self.macs,
            "source": self.source,
            "where": self.where,
        }
        return {key: value for key, value in data.items() if value not in ("", [])}


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Where the operators of a package will likely run.

    Attributes:
        chip: as it was asked for.
        generation: of its Neural Engine, named after the iPhone chip that has it.
        operators: in the program's order; constants aside, those of nested blocks after what holds them.
        notes: what costs time there, or wins none.
        caution: what to say with every figure.
    """

    chip: str
    generation: str
    operators: tuple[OperatorAdvice, ...]
    notes: tuple[Reason, ...] = field(default=())
    caution: str = CAUTION

    def count(self, verdict: str) -> int:
        """How many operators have a verdict."""
        return sum(operator.verdict == verdict for operator in self.operators)

    @property
    def macs_share(self) -> float | None:
        """The share of the multiply-accumulates that likely run there, 0 to 1; None where none are known."""
        total = sum(operator.macs or 0 for operator in self.operators)
        there = sum(operator.macs or 0 for operator in self.operators if operator.verdict == "likely")
        return there / total if total else None

    @property
    def parts(self) -> int:
        """Into how many runs of operators the program falls that are likely there, or not: each change costs time."""
        there = [operator.verdict == "likely" for operator in self.operators]
        return sum(1 for place, one in enumerate(there) if place == 0 or one != there[place - 1])

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data, for a report."""
        return {
            "caution": self.caution,
            "chip": self.chip,
            "generation": self.generation,
            "likely": self.count("likely"),
            "unlikely": self.count("unlikely"),
            "unsure": self.count("unsure"),
            "macs_share": self.macs_share,
            "parts": self.parts,
            "notes": [note.as_dict() for note in self.notes],
            "operators": [operator.as_dict() for operator in self.operators],
        }


def advise(
    package_path: str | Path,
    profile_or_chip: "str | Profile",
    *,
    function: str | None = None,
    origins: "Mapping[str, ir.Node] | None" = None,
) -> Advice:
    """Say of each operator of a package whether the Neural Engine of a chip will likely run it.

    Args:
        package_path: a ``.mlpackage`` folder.
        profile_or_chip: a device profile, the id of one, or a chip: ``"A17 Pro"``, ``"M2"``.
        function: of a package that holds several; None for its default.
        origins: the ONNX node that made an operator, by the operator's name.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``; ``E-FILE-MISSING``, ``E-MODEL-*`` for the package; ``E-USAGE`` for an
            unknown function.
    """
    from portproof.device_profiles.neural_engine import load_rules

    rules = load_rules()
    chip = chip_of(profile_or_chip)
    generation = rules.generation_of(chip)
    package = read(Path(package_path))
    chosen = _function(package, function)
    surroundings = _surroundings(package, chosen, rules, generation)
    operators = tuple(
        _advice(operation, inside, surroundings, origins or {}) for operation, inside in _walk(chosen.block)
    )
    notes = tuple(_notes(chosen, rules, generation))
    return Advice(chip=chip, generation=generation, operators=operators, notes=notes)


def chip_of(profile_or_chip: "str | Profile") -> str:
    """The chip of a device profile, of the id of one, or what was given."""
    from portproof.device_profiles.profiles import is_known, load

    if not isinstance(profile_or_chip, str):
        return profile_or_chip.soc
    return load(profile_or_chip).soc if is_known(profile_or_chip) else profile_or_chip


def _function(package: Package, name: str | None) -> Function:
    from portproof.device_profiles.errors import PortproofError

    wanted = name or package.default_function
    if wanted not in package.functions:
        known = ", ".join(sorted(package.functions))
        raise PortproofError("E-USAGE", f"the package has no function {wanted!r}", hint=f"it has {known}")
    return package.functions[wanted]


def _surroundings(package: Package, function: Function, rules: "Rules", generation: str) -> Surroundings:
    inputs = package.interfaces[function.name].inputs
    return Surroundings(
        rules=rules,
        generation=generation,
        shapes=shapes_of(function),
        ranged=any(feature.ranges for feature in inputs),
        enumerated=any(feature.enumerated for feature in inputs),
    )


def _walk(block: Block, inside: str = "") -> Iterator[tuple[Operation, str]]:
    """Operators with what they are nested in."""
    for operation in block.operations:
        if not operation.type.startswith("const"):
            yield operation, inside
        for inner in operation.blocks:
            yield from _walk(inner, inside or operation.type)


def _advice(
    operation: Operation, inside: str, surroundings: Surroundings, origins: "Mapping[str, ir.Node]"
) -> OperatorAdvice:
    verdict, reasons = place(operation, inside, surroundings)
    node = origin(operation.name, operation.type, origins)
    return OperatorAdvice(
        operator=operation.name,
        type=operation.type,
        verdict=verdict,
        reasons=reasons,
        macs=macs(operation, surroundings.shapes),
        source="" if node is None else node.op_type,
        where="" if node is None else _where(node),
    )


def _where(node: "ir.Node") -> str:
    from portproof.exporter.provenance import where

    return where(node)


def origin(name: str, op_type: str, origins: "Mapping[str, ir.Node]") -> "ir.Node | None":
    """The ONNX node behind an operator, whose name passes may have made longer; those they add are named by type."""
    bare = name
    for suffix in _SUFFIXES:
        bare = bare.removesuffix(suffix)
    bare = bare.removeprefix("_inversed_")
    while bare and bare != op_type:
        if bare in origins:
            return origins[bare]
        bare = bare.rpartition("_")[0]
    return None


def _notes(function: Function, rules: "Rules", generation: str) -> Iterator[Reason]:
    held = {operation.type for operation in operations(function)}
    for note in rules.notes:
        if held.intersection(note.operators) and rules.holds(note, generation):
            yield Reason(text=note.text, confidence=note.confidence, source=rules.sources[note.source])

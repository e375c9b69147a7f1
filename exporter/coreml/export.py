"""One function as a Core ML package: written in float16 where that holds, in float32 where it does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portproof.device_profiles.errors import Message
from portproof.exporter.coreml.targets import TARGETS
from portproof.exporter.images import ImageInput
from portproof.exporter.labels import OutputLabels
from portproof.exporter.provenance import where
from portproof.exporter.scratch import Scratch
from portproof.exporter.told import Told
from portproof.runtimes.data import Dataset
from portproof.runtimes.dims import Dim

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.exporter.coreml.conversion import Written
    from portproof.exporter.coreml.float16_safety import Choice
    from portproof.exporter.coreml.weights.formats import WeightFormat
    from portproof.exporter.coreml.weights.passes import PackedWeights

_BROKEN = 1.0
"""What float16 may change an output of a quantized model by, of its largest value: as much as makes it another."""


@dataclass(frozen=True, kw_only=True)
class CoreMLOptions:
    """How packages are written.

    Attributes:
        target: the oldest release that must run them, one of `targets.TARGETS`.
        float16: compute in float16 where that holds.
        weights: how they are stored; as they are computed with when None.
        images: inputs that the packages take as pictures, of all functions.
        labels: of outputs, of all functions.
        integers: whether the model is quantized: only what float16 would break stays in float32 then. Rounding moves
            values from one integer to the next anyway, and no choice of operators would undo it.
    """

    target: str
    float16: bool
    weights: "WeightFormat | None" = None
    images: Sequence[ImageInput] = ()
    labels: Sequence[OutputLabels] = ()
    integers: bool = False

    def for_integers(self) -> "CoreMLOptions":
        """For a quantized model: its integers are Core ML's own from iOS17 on, its weights are integers already."""
        return replace(self, target=max(self.target, "iOS17", key=TARGETS.index), weights=None, integers=True)

    def of_function(self, key: str) -> dict[str, Any]:
        """What `conversion.write_model` takes for one function, precision and weights aside."""
        return {
            "target": self.target,
            "images": [image for image in self.images if image.signature == key],
            "labels": [labels for labels in self.labels if labels.signature == key],
        }


@dataclass(frozen=True, kw_only=True)
class Kept:
    """An operator of a float16 package that computes in float32.

    Attributes:
        operator: its name in the package.
        type: MIL's.
        source: the ONNX operator that it comes from; empty where that is not known.
        where: the torch module and line, where known.
        why: one sentence.
    """

    operator: str
    type: str
    source: str
    where: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package that was written.

    Attributes:
        path: the `.mlpackage` folder.
        target: the oldest release that runs it.
        float16: whether it computes in float16.
        op_counts: how many operators of each kind, constants aside, sorted by name.
        kept: what stays in float32 in a float16 package.
        packed: what became of the weights, where they were to be packed.
        origins: the ONNX node that made an operator, by the operator's name.
    """

    path: Path
    target: str
    float16: bool
    op_counts: Mapping[str, int]
    kept: tuple[Kept, ...] = field(default=())
    packed: "PackedWeights | None" = None
    origins: "Mapping[str, ir.Node]" = field(default_factory=dict)


def write(
    model: "ir.Model",
    path: Path,
    options: CoreMLOptions,
    data: Dataset,
    *,
    key: str,
    label: str = "",
    dims: Sequence[Dim] = (),
    told: Told,
) -> Package:
    """Converts a simplified model and writes its package.

    Args:
        model: simplified ONNX.
        path: the `.mlpackage` folder to write.
        options: how.
        data: what float16 must be able to compute.
        key: of the function.
        label: of the function, for the steps shown.
        dims: the dynamic sizes of its inputs.
        told: told the steps and the warnings.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED`` with one message for each node that cannot be written.
    """
    from portproof.exporter.coreml.conversion import write_model
    from portproof.exporter.coreml.float16_safety import BOUND

    how = {**options.of_function(key), "dims": dims}
    kept: tuple[Kept, ...] = ()
    if options.float16:
        with told.progress.step(f"what float16 can hold{label}"):
            bound = _BROKEN if options.integers else BOUND
            kept, messages = _needs_float32(model, path.name, how, data, bound)
        told.add(messages)
    with told.progress.step(f"convert to Core ML{label}"):
        names = {each.operator for each in kept}
        written = write_model(model, path, float16=options.float16, keep_float32=names, weights=options.weights, **how)
    told.add(written.messages)
    return Package(
        path=path,
        target=options.target,
        float16=options.float16,
        op_counts=written.op_counts,
        kept=kept,
        packed=written.weights,
        origins=written.origins,
    )


def _needs_float32(
    model: "ir.Model", name: str, how: dict[str, Any], data: Dataset, bound: float
) -> tuple[tuple[Kept, ...], list[Message]]:
    """What stays in float32; warnings where even that does not bring the outputs within the bound."""
    from portproof.exporter.coreml import float16_inputs
    from portproof.exporter.coreml.conversion import write_model
    from portproof.exporter.coreml.float16_safety import choose

    with Scratch() as scratch:
        written = write_model(model, scratch.path / "float32.mlpackage", float16=False, **how)
        tried = float16_inputs.of(data, written.path)
        choice = choose(written.path, tried.samples, others=tried.others, bound=bound)
    kept = tuple(_kept(operator, why, choice, written) for operator, why in choice.keep.items())
    return kept, [] if choice.error <= bound else [_imprecise(name, choice, bound)]


def _kept(operator: str, why: str, choice: "Choice", written: "Written") -> Kept:
    node = written.origins.get(operator)
    return Kept(
        operator=operator,
        type=choice.observed[operator].type,
        source="" if node is None else node.op_type,
        where="" if node is None else where(node),
        why=why,
    )


def _imprecise(name: str, choice: "Choice", bound: float) -> Message:
    needed = f"{choice.wanted} of its {len(choice.observed)} operators"
    return Message(
        code="W-FLOAT16",
        what=f"{name}: float16 changes an output by {choice.error:.2g} of its largest value",
        why=f"to be within {bound:g}, {needed} would have to compute in float32; {len(choice.keep)} do",
        hint="see whether the task's score suffers, or write it with --coreml-precision float32",
    )

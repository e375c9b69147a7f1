"""All that an export found out, for the documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message
from portproof.exporter.report.parts import TargetName

if TYPE_CHECKING:
    from portproof.calibration.report import QuantizationReport
    from portproof.device_profiles.schema import Profile
    from portproof.exporter.agreement.agree import Agreement
    from portproof.exporter.coreml.export import Package
    from portproof.exporter.proof import Proof
    from portproof.exporter.recorded import Recorded
    from portproof.exporter.simplify import SimplifyReport
    from portproof.exporter.source import Source
    from portproof.exporter.tflite.conversion import Converted
    from portproof.exporter.tflite.metadata.describe import Declared
    from portproof.runtimes.data import Dataset
    from portproof.runtimes.gates import MetricGate


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """A model that was written.

    Attributes:
        target: its format.
        paths: its file, then that of its weights where it has one.
        keys: the functions it holds.
        quantized: whether it is the one in integers.
        operators: of each function by type, where the format has its own.
        converted: what there is to say of a TFLite file.
        package: what there is to say of a Core ML package.
    """

    target: TargetName
    paths: tuple[Path, ...]
    keys: tuple[str, ...]
    quantized: bool = False
    operators: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    converted: "Converted | None" = None
    package: "Package | None" = None

    @property
    def path(self) -> Path:
        """The model's own file."""
        return self.paths[0]

    def signature(self, key: str) -> str:
        """What to ask the runtime for: the function's name where the file holds several."""
        return key if len(self.keys) > 1 else ""


@dataclass(frozen=True, kw_only=True)
class QuantizedFacts:
    """How a function was quantized.

    Attributes:
        report: what calibration did.
        operators: of its QDQ model by type.
        agreement: its TFLite form held against the QDQ model; None where there is no TFLite file.
    """

    report: "QuantizationReport"
    operators: Mapping[str, int]
    agreement: "Agreement | None" = None


@dataclass(frozen=True, kw_only=True)
class FunctionFacts:
    """What was found out about one function.

    Attributes:
        model: what the user named.
        quantized: how it was quantized, and what the QDQ model consists of; None where it was not.
        recorded: the samples with the reference's outputs.
    """

    model: str
    source: "Source"
    data: "Dataset"
    simplified: "SimplifyReport"
    quantized: "QuantizedFacts | None"
    recorded: "Recorded"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that an export found out; `name` is of the files, `functions` are by the name of their signature."""

    name: str
    functions: Mapping[str, FunctionFacts]
    devices: Sequence["Profile"]
    overrides: Sequence[str] = ()
    gates: Sequence["MetricGate"]
    seed: int
    files: Sequence[ModelFile]
    declared: "Declared"
    proofs: Sequence["Proof"]
    messages: Sequence[Message]

    def file(self, name: str) -> ModelFile:
        """The model of a file name."""
        return next(file for file in self.files if file.path.name == name)

    def of_target(self, target: TargetName, *, quantized: bool = False) -> list[ModelFile]:
        """The models in one format."""
        return [file for file in self.files if (file.target, file.quantized) == (target, quantized)]

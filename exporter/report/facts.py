"""All that an export found out, for the documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message
from portproof.exporter.report.parts import TargetName

if TYPE_CHECKING:
    from portproof.device_profiles.schema import Profile
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
    """A model that was written: its file, then that of its weights where it has one; and the functions it holds."""

    target: TargetName
    paths: tuple[Path, ...]
    keys: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The model's own file."""
        return self.paths[0]

    def signature(self, key: str) -> str:
        """What to ask the runtime for: the function's name where the file holds several."""
        return key if len(self.keys) > 1 else ""


@dataclass(frozen=True, kw_only=True)
class FunctionFacts:
    """What was found out about one function.

    Attributes:
        model: what the user named.
        operators: of the TFLite file, by type; None where none was written.
        package: of Core ML; None where none was written.
        asset: of Core AI, its operators by type; None where none was written.
        recorded: the samples with the reference's outputs.
    """

    model: str
    source: "Source"
    data: "Dataset"
    simplified: "SimplifyReport"
    operators: Mapping[str, int] | None
    package: "Package | None"
    asset: Mapping[str, int] | None
    recorded: "Recorded"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that an export found out; `name` is of the files, `functions` are by the name of their signature."""

    name: str
    functions: Mapping[str, FunctionFacts]
    devices: Sequence["Profile"]
    gates: Sequence["MetricGate"]
    seed: int
    files: Sequence[ModelFile]
    declared: "Declared"
    converted: "Converted | None"
    proofs: Sequence["Proof"]
    messages: Sequence[Message]

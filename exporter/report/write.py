"""Fill the report, the manifest and the golden vectors of a finished export, and write them."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from portproof.device_profiles.errors import Message
from portproof.exporter.inspection.onnx_file import inputs_of, outputs_of
from portproof.exporter.report import golden
from portproof.exporter.report.files import GOLDEN, MANIFEST, REPORT, entry, write_json
from portproof.exporter.report.manifest import Manifest, Preprocessing, Target
from portproof.exporter.report.parts import Dimension, File, Finding, Signature, StageName, Tensor
from portproof.exporter.report.report import (
    Data,
    Device,
    InputRange,
    OutputParity,
    Report,
    Stage,
    TargetParity,
)
from portproof.exporter.report.report import Source as SourceModel
from portproof.exporter.sizes import sizes_of_samples

if TYPE_CHECKING:
    from portproof.device_profiles.schema import Profile
    from portproof.exporter.proof import Proof
    from portproof.exporter.recorded import Recorded
    from portproof.exporter.simplify import SimplifyReport
    from portproof.exporter.source import Source
    from portproof.exporter.tflite.conversion import Converted
    from portproof.runtimes.data import Dataset
    from portproof.runtimes.gates import MetricGate
    from portproof.runtimes.spec import TensorSpec

GOLDEN_SAMPLES = 4
_TOOLS = ("numpy", "onnx", "onnx-ir", "onnxruntime", "ai-edge-litert", "onnxsim")
_TORCH_TOOLS = ("torch", "onnxscript")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that an export found out.

    Attributes:
        model: as the user named it.
        files: the files written, by target, the model's first.
        shapes: of the inputs of each sample, by name.
    """

    model: str
    source: "Source"
    devices: Sequence["Profile"]
    gates: Sequence["MetricGate"]
    data: "Dataset"
    seed: int
    files: Mapping[str, Sequence[Path]]
    simplified: "SimplifyReport"
    converted: "Converted | None"
    proofs: Sequence["Proof"]
    shapes: Sequence[Mapping[str, tuple[int, ...]]]
    messages: Sequence[Message]


def write(folder: Path, facts: Facts, recorded: "Recorded") -> tuple[Report, Manifest]:
    """Write `golden/`, `report.json` and `manifest.json` into the folder that holds the models."""
    vectors = _write_golden(folder, recorded)
    models = _model_files(folder, facts)
    report = _report(facts, models)
    write_json(folder / REPORT, report)
    others = [entry(folder, folder / REPORT, "report"), *(entry(folder, path, "golden") for path in vectors)]
    manifest = _manifest(facts, (*models, *others))
    write_json(folder / MANIFEST, manifest)
    return report, manifest


def _write_golden(folder: Path, recorded: "Recorded") -> list[Path]:
    (folder / GOLDEN).mkdir()
    paths = []
    for number, (inputs, outputs) in enumerate(recorded.samples(GOLDEN_SAMPLES)):
        paths.append(folder / GOLDEN / f"{number:03d}.npz")
        golden.write(paths[-1], inputs, outputs)
    return paths


def _model_files(folder: Path, facts: Facts) -> tuple[File, ...]:
    return tuple(
        entry(folder, path, "weights" if count else "model", target)
        for target, paths in facts.files.items()
        for count, path in enumerate(paths)
    )


def _report(facts: Facts, models: tuple[File, ...]) -> Report:
    source, converted = facts.source, facts.converted
    return Report(
        name=source.name,
        passed=not any(proof.failed for proof in facts.proofs),
        source=SourceModel(
            model=Path(facts.model).name,
            format=_format(facts),
            reference="onnxruntime" if source.reference is None else "torch",
            signature=_source_signature(source),
            dims=_dims(source),
        ),
        devices=tuple(Device(id=profile.id, name=profile.name) for profile in facts.devices),
        data=_data(facts),
        stages=_stages(facts),
        tflite_transpose_bytes=None if converted is None else converted.transpose_bytes,
        metrics=tuple(str(gate) for gate in facts.gates),
        parity=tuple(_parity(proof) for proof in facts.proofs),
        messages=findings(facts.messages),
        artifacts=models,
    )


def _format(facts: Facts) -> Literal["torch", "pt2", "onnx"]:
    if facts.source.reference is None:
        return "onnx"
    return "pt2" if facts.model.endswith(".pt2") else "torch"


def _data(facts: Facts) -> Data:
    random = facts.data.kind == "random"
    return Data(
        kind="random" if random else "given",
        samples=facts.data.count,
        seed=facts.seed if random else None,
        sizes=tuple(sizes_of_samples(facts.source.model, facts.shapes)),
        inputs=tuple(
            InputRange(name=row.spec.name, minimum=row.low, maximum=row.high, mean=row.mean) for row in facts.data.stats
        ),
    )


def _stages(facts: Facts) -> tuple[Stage, ...]:
    counts: dict[StageName, Mapping[str, int]] = {"onnx": facts.simplified.before, "simplified": facts.simplified.after}
    if facts.converted is not None:
        counts["tflite"] = facts.converted.op_counts
    return tuple(Stage(name=name, total=sum(found.values()), operators=dict(found)) for name, found in counts.items())


def _parity(proof: "Proof") -> TargetParity:
    return TargetParity(
        target=proof.target,
        file=proof.file,
        runtime=proof.runtime,
        passed=not proof.failed,
        outputs=tuple(OutputParity.model_validate(output.as_dict()) for output in proof.parity.outputs),
        failed_gates=findings(proof.failed),
    )


def findings(messages: Iterable[Message]) -> tuple[Finding, ...]:
    """Messages for a document: without the folder of this machine in their places, and without details."""
    here = os.getcwd() + os.sep
    return tuple(
        Finding(
            code=message.code,
            what=message.what,
            where=message.where.replace(here, ""),
            why=message.why.replace(here, ""),
            hint=message.hint,
        )
        for message in messages
    )


def _manifest(facts: Facts, files: tuple[File, ...]) -> Manifest:
    declared = facts.data.preprocessing
    return Manifest(
        name=facts.source.name,
        portproof=metadata.version("portproof"),
        tools=_tools(torch=facts.source.reference is not None),
        source=_source_signature(facts.source),
        dims=_dims(facts.source),
        targets=tuple(
            Target(
                target=proof.target,
                file=proof.file,
                signature=signature(proof.inputs, proof.outputs),
                oldest_release=_oldest_release(proof.target, facts),
            )
            for proof in facts.proofs
        ),
        preprocessing=None if declared is None else Preprocessing.model_validate(declared.as_dict()),
        golden=tuple(file.path for file in files if file.role == "golden"),
        files=files,
    )


def _oldest_release(target: str, facts: Facts) -> str | None:
    return facts.converted.oldest_release if target == "tflite" and facts.converted is not None else None


def _tools(*, torch: bool) -> dict[str, str]:
    names = sorted((*_TOOLS, *(_TORCH_TOOLS if torch else ())))
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in names}}


def _source_signature(source: "Source") -> Signature:
    return signature(inputs_of(source.model, source.dims), outputs_of(source.model))


def _dims(source: "Source") -> tuple[Dimension, ...]:
    return tuple(Dimension(name=dim.name, low=dim.low, high=dim.high, step=dim.step) for dim in source.dims)


def signature(inputs: Iterable["TensorSpec"], outputs: Iterable["TensorSpec"]) -> Signature:
    """The specifications of a runner as the documents have them."""
    return Signature(inputs=tuple(_tensor(spec) for spec in inputs), outputs=tuple(_tensor(spec) for spec in outputs))


def _tensor(spec: "TensorSpec") -> Tensor:
    dims = tuple(None if dim is None else dim.name for dim in spec.dims) or None
    return Tensor(name=spec.name, shape=spec.shape, dtype=spec.dtype, perm=spec.perm, dims=dims)

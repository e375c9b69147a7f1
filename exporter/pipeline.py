"""The pipeline: from a trained model to files on disk that were run and compared with it."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portproof.device_profiles.codes import GATE, OK
from portproof.device_profiles.errors import Message
from portproof.exporter import onnx_io, request
from portproof.exporter.admitted import admitted_sizes
from portproof.exporter.dataset import open_data
from portproof.exporter.inspection.onnx_file import inputs_of, outputs_of
from portproof.exporter.output import staged
from portproof.exporter.progress import Progress, Silent
from portproof.exporter.proof import Limits, Proof, prove
from portproof.exporter.recorded import Recorded
from portproof.exporter.reference import record
from portproof.exporter.report.manifest import Manifest
from portproof.exporter.report.report import Report
from portproof.exporter.report.write import Facts, write
from portproof.exporter.simplify import SimplifyReport, simplify
from portproof.exporter.sizes import representative
from portproof.exporter.source import Source, load
from portproof.exporter.tflite.conversion import Converted, convert_model
from portproof.runtimes.data import Dataset, summary


@dataclass(frozen=True, kw_only=True)
class ExportResult:
    """A finished export.

    Attributes:
        out_dir: the folder that was written.
        report: what `report.json` holds.
        manifest: what `manifest.json` holds.
        proofs: what running each file showed.
        failed: gates that were not met; the files are written all the same.
        messages: warnings, in the order they were found.
    """

    out_dir: Path
    report: Report
    manifest: Manifest
    proofs: tuple[Proof, ...]
    failed: tuple[Message, ...]
    messages: tuple[Message, ...]

    @property
    def exit_status(self) -> int:
        """0, or 1 when a gate failed."""
        return GATE if self.failed else OK


@dataclass(kw_only=True)
class _Told:
    """Passes warnings on as they come, and keeps them for the report."""

    progress: Progress
    messages: list[Message] = field(default_factory=list)

    def add(self, messages: Sequence[Message]) -> None:
        self.messages += messages
        for message in messages:
            self.progress.message(message)


def export(  # noqa: PLR0913 - the options of the command line
    model: str,
    *,
    out_dir: str | Path | None = None,
    targets: Sequence[str] = (),
    devices: Sequence[str] = (),
    inputs: Sequence[str] = (),
    data: str | None = None,
    atol: Sequence[str] = (),
    rtol: Sequence[str] = (),
    metrics: Sequence[str] = (),
    io_layout: str = "auto",
    fp16: bool = False,
    allow_pickle: bool = False,
    seed: int = 0,
    samples: int = 4,
    progress: Progress | None = None,
) -> ExportResult:
    """Convert a model, run what was written in its real runtime, compare, and write files, report and vectors.

    Args:
        model: ``file.py:factory``, ``package.module:factory``, ``model.pt2`` or ``model.onnx``.
        out_dir: the folder to write, replaced as a whole; ``build/<name>`` when left out.
        targets: of ``"tflite"``, ``"onnx"``; those of the devices when left out, else both.
        devices: ids of device profiles, or paths to TOML files.
        inputs: declarations ``NAME=1x3x224x224:float32``, for inputs whose shape is not known; sizes given by a name
            stay dynamic: ``NAME=N:1..8x3xHxW``.
        data: what parity is measured on, in the DATA grammar; without it, seeded random inputs (``W-RANDOM-DATA``).
        atol: absolute tolerances, ``"1e-4"`` for every output or ``"NAME:1e-4"``.
        rtol: relative ones.
        metrics: further gates, ``"sqnr_db>=30"``.
        io_layout: ``"auto"`` or ``"keep"``, of the TFLite file's inputs and outputs.
        fp16: store the TFLite file's large weights as float16; it is still computed in float32.
        allow_pickle: unpickle a model; runs code from the file.
        seed: of all random inputs.
        samples: how many random inputs, when no data is given.
        progress: told the steps and the warnings.

    Raises:
        PortproofError: whatever is refused; nothing is written then. A gate that fails is no error: see `failed`.
    """
    told = _Told(progress=progress or Silent())
    asked = request.check(targets=targets, devices=devices, metrics=metrics, io_layout=io_layout, samples=samples)
    told.add(asked.messages)
    limits = Limits(atol=atol, rtol=rtol, gates=asked.gates)
    with ExitStack() as stack:
        # Before anything slow: a folder that cannot be written is told at once.
        stage = None if out_dir is None else stack.enter_context(staged(out_dir, told.progress.message))
        with told.progress.step(f"read {model}"):
            source = load(model, inputs=inputs, allow_pickle=allow_pickle, seed=seed)
        logging.getLogger(__name__).info("%s", source.log)
        told.add(source.messages)
        out = Path(out_dir) if out_dir is not None else Path("build") / source.name
        stage = stage or stack.enter_context(staged(out, told.progress.message))
        dataset = _open_data(data, source, samples, seed, told)
        written = _write_models(source, asked.targets, stage, seed, told, io_layout=io_layout, float16_weights=fp16)
        with Recorded() as recorded:
            record(source, dataset, dataset.count, recorded, told.progress)
            facts = Facts(
                model=model,
                source=source,
                devices=asked.devices,
                gates=asked.gates,
                data=dataset,
                seed=seed,
                files=written.files,
                simplified=written.simplified,
                converted=written.converted,
                proofs=_prove(written.files, recorded, source, limits, told.progress),
                shapes=recorded.shapes,
                messages=told.messages,
            )
            report, manifest = write(stage, facts, recorded)
    failed = tuple(message for proof in facts.proofs for message in proof.failed)
    return ExportResult(
        out_dir=out,
        report=report,
        manifest=manifest,
        proofs=tuple(facts.proofs),
        failed=failed,
        messages=tuple(told.messages),
    )


def _open_data(data: str | None, source: Source, count: int, seed: int, told: _Told) -> Dataset:
    with told.progress.step("read the data"):
        sizes, skipped = admitted_sizes(source, seed) if data is None else ([], ())
        specs = inputs_of(source.model, source.dims)
        dataset, messages = open_data(data, specs, example=source.example, count=count, seed=seed, sizes=sizes)
    told.add((*skipped, *messages))
    for line in summary(dataset):
        told.progress.note(line)
    return dataset


@dataclass(frozen=True, kw_only=True)
class _Written:
    """The model files, by target, each with its weights beside it when it has such; and how they came about."""

    files: dict[str, list[Path]]
    simplified: SimplifyReport
    converted: Converted | None


def _write_models(
    source: Source, targets: Sequence[str], stage: Path, seed: int, told: _Told, **options: Any
) -> _Written:
    with told.progress.step("simplify"):
        model, simplified = simplify(source.model, example=source.example, dims=source.dims, seed=seed)
    told.add(simplified.messages)
    files: dict[str, list[Path]] = {}
    converted = None
    if "tflite" in targets:
        with told.progress.step("convert to TFLite"):
            shape = representative(source.model, source.dims, source.example)
            converted = convert_model(model, dims=source.dims, representative=shape, **options)
            told.add(converted.messages)
            files["tflite"] = [stage / f"{source.name}.tflite"]
            converted.save(files["tflite"][0])
    if "onnx" in targets:
        with told.progress.step("write ONNX"):
            files["onnx"] = onnx_io.save(model, stage / f"{source.name}.onnx")
    return _Written(files=files, simplified=simplified, converted=converted)


def _prove(
    files: dict[str, list[Path]], recorded: Recorded, source: Source, limits: Limits, progress: Progress
) -> list[Proof]:
    expected = outputs_of(source.model)
    return [prove(paths[0], recorded, limits, expected=expected, progress=progress) for paths in files.values()]

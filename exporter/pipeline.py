"""The pipeline: from a trained model to files on disk that were run and compared with it."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from portproof.device_profiles.codes import GATE, OK
from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter import declarations, limits, program, request
from portproof.exporter.admitted import admitted_sizes, unproven
from portproof.exporter.coreml.export import CoreMLOptions
from portproof.exporter.data_choice import by_function
from portproof.exporter.dataset import open_data
from portproof.exporter.inspection.onnx_file import inputs_of, outputs_of
from portproof.exporter.model_files import Options, write_models
from portproof.exporter.output import staged
from portproof.exporter.program import Program
from portproof.exporter.progress import Progress, Silent
from portproof.exporter.proof import Limits, Proof, prove
from portproof.exporter.quantization import QuantOptions, integer_ends, said_of_ends, unit_for
from portproof.exporter.recorded import Recorded
from portproof.exporter.reference import record
from portproof.exporter.report.facts import Facts, FunctionFacts, ModelFile
from portproof.exporter.report.manifest import Manifest
from portproof.exporter.report.report import Report
from portproof.exporter.report.write import write
from portproof.exporter.source import Source
from portproof.exporter.speed import slower_in_integers
from portproof.exporter.tflite.metadata.describe import Declared
from portproof.exporter.told import Told
from portproof.runtimes.data import Dataset, summary
from portproof.runtimes.images import Preprocessing


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


def export(  # noqa: PLR0913 - the options of the command line
    model: str | Sequence[str] | Mapping[str, str],
    *,
    out_dir: str | Path | None = None,
    targets: Sequence[str] = (),
    devices: Sequence[str] = (),
    profiles: Sequence[str | Path] = (),
    overrides: Sequence[str] = (),
    inputs: Sequence[str] = (),
    data: str | Sequence[str] | None = None,
    images: Sequence[str] = (),
    labels: Sequence[str] = (),
    score_thresholds: Sequence[str] = (),
    atol: Sequence[str] = (),
    rtol: Sequence[str] = (),
    metrics: Sequence[str] = (),
    io_layout: str = "auto",
    fp16: bool = False,
    coreml_target: str = "",
    coreml_precision: str = "float16",
    coreml_weights: str = "",
    quant: str = "",
    calib: str | Sequence[str] | None = None,
    allow_pickle: bool = False,
    seed: int = 0,
    samples: int = 4,
    progress: Progress | None = None,
) -> ExportResult:
    """Convert a model, run what was written in its real runtime, compare, and write files, report and vectors.

    A model may offer several functions: each is a signature of one TFLite file, and an ONNX file of its own. Names of
    inputs and outputs are then ``SIGNATURE:NAME``.

    Args:
        model: ``file.py:factory``, ``package.module:factory``, ``model.pt2`` or ``model.onnx``; several of them as
            ``"NAME=MODEL"`` each, or by name.
        out_dir: the folder to write, replaced as a whole; ``build/<name>`` when left out.
        targets: of ``"tflite"``, ``"onnx"``, ``"coreml"``, ``"coreai"``; those of the devices when left out, else the
            first two.
        devices: ids of device profiles, or paths to TOML files.
        profiles: files and folders of profiles of one's own, looked in before all others; without `devices`, the files
            are the devices.
        overrides: values of the devices' profiles for this run, ``"npu.sram_mib=2"``.
        inputs: declarations ``NAME=1x3x224x224:float32``, for inputs whose shape is not known; sizes given by a name
            stay dynamic: ``NAME=N:1..8x3xHxW``.
        data: what parity is measured on, in the DATA grammar, for several functions ``SIGNATURE=DATA`` each; without
            it, seeded random inputs (``W-RANDOM-DATA``).
        images: inputs that are pictures, ``"photo?mean=0.485,0.456,0.406&std=0.229,0.224,0.225"``.
        labels: files of class names, ``"labels.txt"`` or ``"OUTPUT=labels.txt"``.
        score_thresholds: scores below mean nothing, ``"0.5"`` or ``"OUTPUT=0.5"``.
        atol: absolute tolerances, ``"1e-4"`` for every output or ``"NAME:1e-4"``.
        rtol: relative ones.
        metrics: further gates, ``"sqnr_db>=30"``.
        io_layout: ``"auto"`` or ``"keep"``, of the TFLite file's inputs and outputs.
        fp16: store the TFLite file's large weights as float16; it is still computed in float32.
        coreml_target: the oldest Apple release that must run a Core ML package, ``"iOS15"`` to ``"iOS18"``; what the
            devices say when left out.
        coreml_precision: ``"float16"``, which keeps in float32 what needs it, or ``"float32"``.
        coreml_weights: how a package stores its weights: ``"int8"``, ``"int4:block=32"``, ``"palette4"``,
            ``"palette6:group=16"``, ``"sparse"``; as they are computed with when left out.
        quant: a recipe of `portproof.calibration`, ``"default"`` say: every target is written in integers too,
            ``name.int8.tflite`` beside ``name.tflite``; not quantized when left out.
        calib: what is quantized on, in the DATA grammar, for several functions ``SIGNATURE=DATA`` each; `data` when
            left out.
        allow_pickle: unpickle a model; runs code from the file.
        seed: of all random inputs.
        samples: how many random inputs, when no data is given.
        progress: told the steps and the warnings.

    Raises:
        PortproofError: whatever is refused; nothing is written then. A gate that fails is no error: see `failed`.
    """
    told = Told(progress=progress or Silent())
    asked = request.check(
        request.Asked(
            targets=targets,
            devices=devices,
            profiles=profiles,
            overrides=overrides,
            metrics=metrics,
            atol=atol,
            rtol=rtol,
            images=images,
            labels=labels,
            thresholds=score_thresholds,
            io_layout=io_layout,
            coreml_target=coreml_target,
            coreml_precision=coreml_precision,
            coreml_weights=coreml_weights,
            quant=quant,
            calib=bool(calib),
            samples=samples,
        )
    )
    told.add(asked.messages)
    named = program.named(model)
    with ExitStack() as stack:
        # Before anything slow: a folder that cannot be written is told at once.
        stage = None if out_dir is None else stack.enter_context(staged(out_dir, told.progress.message))
        with told.progress.step(f"read {', '.join(named.values())}"):
            made = program.load(named, inputs=inputs, allow_pickle=allow_pickle, seed=seed)
        logging.getLogger(__name__).info("%s", made.log)
        for key, source in made.functions.items():
            told.add(source.messages, "" if made.only else key)
        out = Path(out_dir) if out_dir is not None else Path("build") / made.name
        stage = stage or stack.enter_context(staged(out, told.progress.message))
        may_differ = limits.of_functions(Limits(atol=atol, rtol=rtol, gates=asked.gates), _output_names(made))
        declared = declarations.resolve(asked, made)
        datasets = _open_data(by_function(data, made.keys), made, declared, samples, seed, told)
        declared = declarations.with_data(declared, datasets)
        if "coreml" in asked.targets:
            datasets = _of_pixels(datasets, declared, told)
        calibration = _calibration(calib, made, declared, samples, seed, told) if quant and calib else datasets
        how = Options(
            targets=asked.targets,
            io_layout=io_layout,
            fp16=fp16,
            seed=seed,
            coreml=CoreMLOptions(
                target=asked.coreml_target,
                float16=coreml_precision == "float16",
                weights=asked.coreml_weights,
                images=declared.images,
                labels=declared.labels,
            ),
            quant=_quantized_how(quant, asked, told) if quant else None,
        )
        written = write_models(made, declared, how, stage, told, datasets, calibration)
        recorded = {key: stack.enter_context(Recorded()) for key in made.keys}
        for key, source in made.functions.items():
            about = key if len(made.functions) > 1 else ""
            told.add(record(source, datasets[key], datasets[key].count, recorded[key], told.progress), about)
            if datasets[key].kind != "random":
                told.add(unproven(source, recorded[key].shapes))
        facts = Facts(
            name=made.name,
            functions={
                key: FunctionFacts(
                    model=made.models[key],
                    source=source,
                    data=datasets[key],
                    simplified=written.simplified[key],
                    quantized=written.quantized.get(key),
                    recorded=recorded[key],
                )
                for key, source in made.functions.items()
            },
            devices=asked.devices,
            overrides=asked.overrides,
            gates=asked.gates,
            seed=seed,
            files=written.files,
            declared=declared,
            proofs=_prove(written.files, recorded, made, may_differ, told.progress),
            messages=told.messages,
        )
        report, manifest = write(stage, facts)
        slower = slower_in_integers(written.files, how.quant.unit, told.progress) if how.quant else []
        for message in slower:
            told.progress.message(message)
    failed = tuple(message for proof in facts.proofs for message in proof.failed)
    return ExportResult(
        out_dir=out,
        report=report,
        manifest=manifest,
        proofs=tuple(facts.proofs),
        failed=failed,
        messages=(*told.messages, *slower),
    )


def _for(file: ModelFile, stated: Limits) -> Limits:
    """Tolerances are stated of the float files; what rounds to a few bits answers to the metrics."""
    return Limits(gates=stated.gates) if file.quantized else stated


def _output_names(made: Program) -> dict[str, tuple[str, ...]]:
    return {key: source.output_names for key, source in made.functions.items()}


def _open_data(
    chosen: Mapping[str, str | None], made: Program, declared: Declared, count: int, seed: int, told: Told
) -> dict[str, Dataset]:
    datasets = {}
    for key, source in made.functions.items():
        pictures = declarations.of_function(declared, key)
        with told.progress.step("read the data" if made.only else f"read the data of {key}"):
            datasets[key], messages = _open(chosen[key], source, pictures, count, seed)
        told.add(messages, "" if made.only else key)
        for line in summary(datasets[key]):
            told.progress.note(line)
    return datasets


def _calibration(
    calib: str | Sequence[str], made: Program, declared: Declared, count: int, seed: int, told: Told
) -> dict[str, Dataset]:
    """What models are quantized on; all functions have some."""
    chosen = by_function(calib, made.keys, option="--calib")
    missing = [key for key in made.keys if chosen[key] is None]
    if missing:
        hint = f"give {' '.join(f'--calib {key}=...' for key in missing)}"
        raise PortproofError("E-USAGE", f"--calib has nothing for {' and '.join(missing)}", hint=hint)
    return _open_data(chosen, made, declared, count, seed, told)


def _quantized_how(recipe: str, asked: request.Request, told: Told) -> QuantOptions:
    """How to quantize for the devices asked for; what differs for them is told."""
    ends = "tflite" in asked.targets and integer_ends(asked.devices)
    if ends:
        told.add([said_of_ends(asked.devices)])
    return QuantOptions(recipe=recipe, unit=unit_for(asked.devices, asked.targets), integer_io=ends)


def _of_pixels(datasets: Mapping[str, Dataset], declared: Declared, told: Told) -> dict[str, Dataset]:
    """Samples whose pictures are made of pixels: a Core ML package is fed these, the source has to see the same."""
    from portproof.exporter.picture_data import of_pixels

    found = {}
    for key, dataset in datasets.items():
        found[key], messages = of_pixels(dataset, declarations.of_function(declared, key))
        told.add(messages)
    return found


def _open(
    data: str | None, source: Source, pictures: Sequence[Preprocessing], count: int, seed: int
) -> tuple[Dataset, tuple[Message, ...]]:
    sizes, skipped = admitted_sizes(source, seed) if data is None else ([], ())
    dataset, messages = open_data(
        data,
        inputs_of(source.model, source.dims),
        example=source.example,
        count=count,
        seed=seed,
        sizes=sizes,
        declared=pictures,
    )
    return dataset, (*skipped, *messages)


def _prove(
    files: Sequence[ModelFile],
    recorded: Mapping[str, Recorded],
    made: Program,
    may_differ: Mapping[str, Limits],
    progress: Progress,
) -> list[Proof]:
    """Every function of every file."""
    return [
        prove(
            file.path,
            recorded[key],
            _for(file, may_differ[key]),
            expected=outputs_of(made.functions[key].model),
            key=key,
            signature=file.signature(key),
            progress=progress,
        )
        for file in files
        for key in file.keys
    ]

"""Writes the model files of a program: one TFLite file for all functions, an ONNX file and a package for each.

Where it is quantized, each of them a second time: `name.int8.tflite` beside `name.tflite`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portproof.exporter import declarations, onnx_io
from portproof.exporter.program import Program
from portproof.exporter.quantization import Quantized, QuantOptions, quantize
from portproof.exporter.report.facts import ModelFile, QuantizedFacts
from portproof.exporter.report.parts import TargetName
from portproof.exporter.scratch import Scratch
from portproof.exporter.simplify import SimplifyReport, simplify
from portproof.exporter.sizes import representative
from portproof.exporter.source import Source
from portproof.exporter.tflite.conversion import Lowered, lower_function, op_counts, write_functions
from portproof.exporter.tflite.integer.kernels import DEFAULT_UNIT
from portproof.exporter.tflite.metadata.describe import Declared
from portproof.exporter.tflite.sharing import SharedWeights
from portproof.exporter.tflite.signatures import for_each
from portproof.exporter.told import Told
from portproof.runtimes.data import Dataset
from portproof.runtimes.options import DEFAULT_SIGNATURE

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.exporter.coreml.export import CoreMLOptions


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to write: the targets, and what `export` takes under the same names; `coreml` holds those of its target.

    `quant` is None where nothing is quantized.
    """

    targets: tuple[str, ...]
    io_layout: str
    fp16: bool
    seed: int
    coreml: "CoreMLOptions"
    quant: QuantOptions | None = None


@dataclass(kw_only=True)
class Written:
    """The model files; of each function its simplification, and how it was quantized."""

    files: list[ModelFile] = field(default_factory=list)
    simplified: dict[str, SimplifyReport] = field(default_factory=dict)
    quantized: dict[str, QuantizedFacts] = field(default_factory=dict)


def write_models(
    program: Program,
    declared: Declared,
    options: Options,
    folder: Path,
    told: Told,
    datasets: Mapping[str, Dataset],
    calibration: Mapping[str, Dataset] | None = None,
) -> Written:
    """Simplify, convert and write every function.

    Args:
        program: the functions.
        declared: of their inputs and outputs, for TFLite Metadata.
        options: how.
        folder: where to.
        told: told the steps and the warnings.
        datasets: of each function: what float16 must be able to compute.
        calibration: of each function, what it is quantized on; `datasets` when left out.

    Raises:
        PortproofError: all that is refused in any function, ``E-OP-UNSUPPORTED`` and the like; ``E-OUTPUT``.
    """
    work = _Work(
        program=program,
        declared=declared,
        options=options,
        folder=folder,
        told=told,
        datasets=datasets,
        calibration=calibration or datasets,
    )
    functions = for_each(program.keys, work.function)
    for variant in (work.quantized, work.floats):
        lowered = {key: forms[variant.suffix] for key, forms in functions.items() if variant.suffix in forms}
        if lowered:
            work.written.files.insert(0, variant.tflite(lowered, declared))
    return work.written


@dataclass(kw_only=True)
class _Work:
    program: Program
    declared: Declared
    options: Options
    folder: Path
    told: Told
    datasets: Mapping[str, Dataset]
    calibration: Mapping[str, Dataset]
    written: Written = field(default_factory=Written)

    def __post_init__(self) -> None:
        self.floats, self.quantized = _Variant(work=self, suffix=""), _Variant(work=self, suffix=".int8")

    def function(self, key: str) -> dict[str, Lowered]:
        """Simplify a function and write it in every form: the weights of one function are held at a time.

        Returns:
            What belongs into the TFLite files, by the suffix of their names.
        """
        source, label = self.program.functions[key], self.label(key)
        with self.told.progress.step(f"simplify{label}"):
            model, report = simplify(source.model, example=source.example, dims=source.dims, seed=self.options.seed)
        self.written.simplified[key] = report
        self.told.add(report.messages, label.strip())
        made = self._quantized(model, key, source) if self.options.quant is not None else None
        forms = {"": self.floats.write(model, key)}
        if made is not None:
            forms[self.quantized.suffix] = self.quantized.write(made.model, key)
            self._compare(key, made, forms[self.quantized.suffix])
        return {suffix: lowered for suffix, lowered in forms.items() if lowered is not None}

    def _compare(self, key: str, made: Quantized, lowered: Lowered | None) -> None:
        """Hold the integer kernels of a TFLite form against the QDQ model that it was made of."""
        if lowered is None:
            return
        from portproof.exporter.agreement.agree import agreement
        from portproof.exporter.agreement.said import said

        step = self.told.progress.step(f"compare TFLite's integers with ONNX Runtime's{self.label(key)}")
        with step, Scratch() as scratch:
            path = scratch.path / "int8.tflite"
            write_functions({DEFAULT_SIGNATURE: lowered}).save(path)
            facts = self.written.quantized[key]
            found = agreement(made.model, path, self.datasets[key], scratch.path, unit=facts.report.unit)
        self.written.quantized[key] = replace(facts, agreement=found)
        self.told.add(said(found), self.label(key).strip())

    def label(self, key: str) -> str:
        """The function, for the steps shown; empty where there is one only."""
        return "" if self.program.only else f" {key}"

    def name(self, key: str) -> str:
        """Of a function's own files."""
        return self.program.name if self.program.only else f"{self.program.name}.{key}"

    def _quantized(self, model: "ir.Model", key: str, source: Source) -> Quantized | None:
        options = self.options.quant
        if options is None:
            return None
        with Scratch() as scratch:
            path = scratch.path / "int8.onnx"
            made = quantize(
                model,
                path,
                source,
                self.calibration[key],
                options,
                declared=declarations.of_function(self.declared, key),
                seed=self.options.seed,
                told=self.told,
            )
        operators = dict(sorted(Counter(node.op_type for node in made.model.graph.all_nodes()).items()))
        self.written.quantized[key] = QuantizedFacts(report=made.report, operators=operators)
        return made


@dataclass(kw_only=True)
class _Variant:
    """The files of one precision: as the model is, or quantized."""

    work: _Work
    suffix: str
    weights: SharedWeights = field(default_factory=SharedWeights)

    def write(self, model: "ir.Model", key: str) -> Lowered | None:
        """All formats but TFLite, for which it gives the lowered function."""
        targets = self.work.options.targets
        lowered = self._lowered(model, key) if "tflite" in targets else None
        for target, write in (("coreml", self._package), ("coreai", self._asset)):
            if target in targets:
                self.work.written.files.append(write(self._signed(model), key))
        if "onnx" in targets:
            self.work.written.files.append(self._save(model, key))
        return lowered

    def _signed(self, model: "ir.Model") -> "ir.Model":
        """With int8 activations where they are uint8 for ONNX's runtimes."""
        from portproof.calibration.dialect import signed

        return signed(model) if self.suffix else model

    def tflite(self, functions: Mapping[str, Lowered], declared: Declared) -> ModelFile:
        """One file with a signature for each function."""
        work = self.work
        with work.told.progress.step(f"write TFLite{self._precision}"):
            converted = write_functions(functions, declared)
            path = work.folder / f"{work.program.name}{self.suffix}.tflite"
            converted.save(path)
        work.told.add(converted.messages)
        return self._file(
            "tflite",
            path,
            keys=work.program.keys,
            operators={key: op_counts(function.model) for key, function in functions.items()},
            converted=converted,
        )

    @property
    def _precision(self) -> str:
        return " in integers" if self.suffix else ""

    def _file(self, target: TargetName, path: Path, *, keys: tuple[str, ...], **facts: Any) -> ModelFile:
        return ModelFile(target=target, paths=(path,), keys=keys, quantized=bool(self.suffix), **facts)

    def _path(self, key: str, extension: str) -> Path:
        return self.work.folder / f"{self.work.name(key)}{self.suffix}{extension}"

    def _lowered(self, model: "ir.Model", key: str) -> Lowered:
        options, source, label = self.work.options, self.work.program.functions[key], self.work.label(key)
        with self.work.told.progress.step(f"convert to TFLite{label}{self._precision}"):
            lowered = lower_function(
                model,
                io_layout=options.io_layout,
                float16_weights=options.fp16 and not self.suffix,
                dims=source.dims,
                representative=representative(source.model, source.dims, source.example, source.usual),
                unit=self._unit(key),
                integer_io=bool(self.suffix) and options.quant is not None and options.quant.integer_io,
            )
        if label:
            self.weights.share(lowered.model)
        return lowered

    def _unit(self, key: str) -> str:
        found = self.work.written.quantized.get(key) if self.suffix else None
        return DEFAULT_UNIT if found is None else found.report.unit

    def _package(self, model: "ir.Model", key: str) -> ModelFile:
        from portproof.exporter.coreml.export import write

        work, path = self.work, self._path(key, ".mlpackage")
        package = write(
            model,
            path,
            work.options.coreml.for_integers() if self.suffix else work.options.coreml,
            work.datasets[key],
            key=key,
            label=f"{work.label(key)}{self._precision}",
            dims=work.program.functions[key].dims,
            told=work.told,
        )
        return self._file("coreml", path, keys=(key,), operators={key: package.op_counts}, package=package)

    def _asset(self, model: "ir.Model", key: str) -> ModelFile:
        from portproof.exporter.coreai.conversion import write_model

        path = self._path(key, ".aimodel")
        with self.work.told.progress.step(f"convert to Core AI{self.work.label(key)}{self._precision}"):
            operators = write_model(model, path)
        return self._file("coreai", path, keys=(key,), operators={key: operators})

    def _save(self, model: "ir.Model", key: str) -> ModelFile:
        with self.work.told.progress.step(f"write ONNX{self.work.label(key)}{self._precision}"):
            paths = onnx_io.save(model, self._path(key, ".onnx"))
        return replace(self._file("onnx", paths[0], keys=(key,)), paths=tuple(paths))

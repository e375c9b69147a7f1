"""Writes the model files of a program: one TFLite file for all functions, an ONNX file and a package for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.exporter import onnx_io
from portproof.exporter.program import Program
from portproof.exporter.report.facts import ModelFile
from portproof.exporter.simplify import SimplifyReport, simplify
from portproof.exporter.sizes import representative
from portproof.exporter.source import Source
from portproof.exporter.tflite.conversion import Converted, Lowered, lower_function, op_counts, write_functions
from portproof.exporter.tflite.metadata.describe import Declared
from portproof.exporter.tflite.sharing import SharedWeights
from portproof.exporter.tflite.signatures import for_each
from portproof.exporter.told import Told
from portproof.runtimes.data import Dataset

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.exporter.coreml.export import CoreMLOptions, Package


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to write: the targets, and what `export` takes under the same names; `coreml` holds those of its target."""

    targets: tuple[str, ...]
    io_layout: str
    fp16: bool
    seed: int
    coreml: "CoreMLOptions"


@dataclass(kw_only=True)
class Written:
    """The model files, and how they came about: of each function its simplification, TFLite operators, package.

    `assets` are the operators of Core AI's, by function.
    """

    files: list[ModelFile] = field(default_factory=list)
    simplified: dict[str, SimplifyReport] = field(default_factory=dict)
    operators: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    converted: Converted | None = None
    packages: dict[str, "Package"] = field(default_factory=dict)
    assets: dict[str, Mapping[str, int]] = field(default_factory=dict)


def write_models(
    program: Program,
    declared: Declared,
    options: Options,
    folder: Path,
    told: Told,
    datasets: Mapping[str, Dataset],
) -> Written:
    """Simplify, convert and write every function.

    Args:
        program: the functions.
        declared: of their inputs and outputs, for TFLite Metadata.
        options: how.
        folder: where to.
        told: told the steps and the warnings.
        datasets: of each function: what float16 must be able to compute.

    Raises:
        PortproofError: all that is refused in any function, ``E-OP-UNSUPPORTED`` and the like; ``E-OUTPUT``.
    """
    work = _Work(program=program, options=options, folder=folder, told=told, datasets=datasets)
    functions = for_each(program.keys, work.function)
    written = work.written
    lowered = {key: function for key, function in functions.items() if function is not None}
    if lowered:
        with told.progress.step("write TFLite"):
            written.converted = write_functions(lowered, declared)
            path = folder / f"{program.name}.tflite"
            written.converted.save(path)
        told.add(written.converted.messages)
        written.operators = {key: op_counts(function.model) for key, function in lowered.items()}
        written.files.insert(0, ModelFile(target="tflite", paths=(path,), keys=program.keys))
    return written


@dataclass(kw_only=True)
class _Work:
    program: Program
    options: Options
    folder: Path
    told: Told
    datasets: Mapping[str, Dataset]
    written: Written = field(default_factory=Written)
    weights: SharedWeights = field(default_factory=SharedWeights)

    def function(self, key: str) -> Lowered | None:
        """Simplify a function, write its ONNX file, lower it: the weights of one function are held at a time."""
        source, label = self.program.functions[key], "" if self.program.only else f" {key}"
        with self.told.progress.step(f"simplify{label}"):
            model, report = simplify(source.model, example=source.example, dims=source.dims, seed=self.options.seed)
        self.written.simplified[key] = report
        self.told.add(report.messages, label.strip())
        lowered = self._lowered(model, source, label) if "tflite" in self.options.targets else None
        if "coreml" in self.options.targets:
            self._package(model, key, label, source)
        if "coreai" in self.options.targets:
            self._asset(model, key, label)
        if "onnx" in self.options.targets:
            with self.told.progress.step(f"write ONNX{label}"):
                self._save(model, key)
        return lowered

    def _lowered(self, model: "ir.Model", source: Source, label: str) -> Lowered:
        with self.told.progress.step(f"convert to TFLite{label}"):
            lowered = lower_function(
                model,
                io_layout=self.options.io_layout,
                float16_weights=self.options.fp16,
                dims=source.dims,
                representative=representative(source.model, source.dims, source.example, source.usual),
            )
        if label:
            self.weights.share(lowered.model)
        return lowered

    def _package(self, model: "ir.Model", key: str, label: str, source: Source) -> None:
        from portproof.exporter.coreml.export import write

        path = self.folder / f"{self._name(key)}.mlpackage"
        package = write(
            model,
            path,
            self.options.coreml,
            self.datasets[key],
            key=key,
            label=label,
            dims=source.dims,
            told=self.told,
        )
        self.written.packages[key] = package
        self.written.files.append(ModelFile(target="coreml", paths=(path,), keys=(key,)))

    def _asset(self, model: "ir.Model", key: str, label: str) -> None:
        from portproof.exporter.coreai.conversion import write_model

        path = self.folder / f"{self._name(key)}.aimodel"
        with self.told.progress.step(f"convert to Core AI{label}"):
            self.written.assets[key] = write_model(model, path)
        self.written.files.append(ModelFile(target="coreai", paths=(path,), keys=(key,)))

    def _name(self, key: str) -> str:
        return self.program.name if self.program.only else f"{self.program.name}.{key}"

    def _save(self, model: "ir.Model", key: str) -> None:
        paths = onnx_io.save(model, self.folder / f"{self._name(key)}.onnx")
        self.written.files.append(ModelFile(target="onnx", paths=tuple(paths), keys=(key,)))

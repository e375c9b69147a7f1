"""One trained network, exported to one format: its file beside the reference, on all its data."""

import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from portproof import runtimes
from portproof.exporter import ExportResult, export
from portproof.runtimes.spec import to_file_layout, to_source_layout

Arrays = dict[str, np.ndarray]
SHOWN = 256
"""How many of the samples the export is given, at even distances."""
FACTORY = """
import sys
sys.path.insert(0, {folder!r})
import loaders
def factory():
    loaded = loaders.{name}()
    return loaded["model"], loaded["inputs"][0]
"""


@dataclass(frozen=True, kw_only=True)
class Form:
    """What is written.

    Attributes:
        target: of the export.
        options: further ones of it.
        bound: how far outputs may be from the reference, relative to the largest.
    """

    target: str
    options: Mapping[str, Any] = field(default_factory=dict)
    bound: float


FORMS = {
    "tflite": Form(target="tflite", bound=1e-4),
    "coreml-float32": Form(target="coreml", options={"coreml_precision": "float32"}, bound=1e-5),
    "coreml-float16": Form(target="coreml", bound=5e-3),
}


class Trained:
    """One trained network, exported: its file beside the reference, run on all its data."""

    def __init__(self, name: str, folder: Path, work: Path, form: Form) -> None:
        self.form = form
        self.loaded = getattr(importlib.import_module("loaders"), name)()
        if "onnx" in self.loaded:
            first = self.loaded["inputs"][0]
            model = str(self.loaded["onnx"])
            inputs = [f"{key}={'x'.join(map(str, array.shape))}:{array.dtype}" for key, array in first.items()]
            names = list(first)
        else:
            source = work / f"{name}_factory.py"  # not the name of the package that the weights come in
            source.write_text(FACTORY.format(folder=str(folder), name=name))
            model, inputs = f"{source}:factory", []
            parameters = inspect.signature(self.loaded["model"].forward).parameters
            names = list(parameters)[: len(self.loaded["inputs"][0])]
        (work / "data").mkdir()
        samples = self.loaded["inputs"]
        for index in sorted({number * len(samples) // SHOWN for number in range(SHOWN)}):
            sample = samples[index]
            np.savez(work / "data" / f"{index:05}.npz", **self.named(sample, names))
        self.result: ExportResult = export(
            model,
            out_dir=work / "out",
            targets=[form.target],
            inputs=inputs,
            data=f"{work / 'data'}?allow=constant",
            **form.options,
        )
        assert self.result.exit_status == 0, [message.what for message in self.result.failed]
        (self.path,) = (path for path in (work / "out").iterdir() if path.suffix in (".tflite", ".mlpackage"))

    @property
    def kept(self) -> list[str]:
        """Operators of a float16 package that stay in float32."""
        return [
            f"{item.operator} ({item.type})"
            for item in (*self.result.report.coreml,)[:1]
            for item in item.float32_operators
        ]

    def outputs(self) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
        """For each sample what the file gives and what the reference gives."""
        reference = self._reference()
        with runtimes.open(self.path, isolated=False) as runner:
            for sample in self.loaded["inputs"]:
                named = self.named(sample, [spec.name for spec in runner.inputs])
                got = runner.run({spec.name: to_file_layout(spec, named[spec.name]) for spec in runner.inputs})
                yield [to_source_layout(spec, got[spec.name]) for spec in runner.outputs], reference(named)

    def noise(self) -> float:
        """What an ONNX reference differs by from itself without its optimisations, as `worst_error`; 0 for torch."""
        if "onnx" not in self.loaded:
            return 0.0
        plain = onnxruntime.SessionOptions()
        plain.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(self.loaded["onnx"], plain, providers=["CPUExecutionProvider"])
        reference = self._reference()
        return worst_error((list(session.run(None, sample)), reference(sample)) for sample in self.loaded["inputs"])

    def named(self, sample: Any, names: list[str]) -> Arrays:
        """A sample by the names of the inputs."""
        if isinstance(sample, dict):
            return sample
        return {name: tensor.numpy() for name, tensor in zip(names, sample, strict=True)}

    def _reference(self) -> Callable[[Arrays], list[np.ndarray]]:
        if "onnx" in self.loaded:
            session = onnxruntime.InferenceSession(self.loaded["onnx"], providers=["CPUExecutionProvider"])
            return lambda sample: list(session.run(None, sample))
        torch = importlib.import_module("torch")

        def run(sample: Arrays) -> list[np.ndarray]:
            with torch.no_grad():
                result = self.loaded["model"](*(torch.from_numpy(array) for array in sample.values()))
            return [item.numpy() for item in (result if isinstance(result, tuple) else [result])]

        return run


def worst_error(pairs: Iterable[tuple[list[np.ndarray], list[np.ndarray]]]) -> float:
    """The largest difference relative to the scale of the output."""
    return max(
        float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-6))
        for got, want in pairs
        for a, b in zip(got, want, strict=True)
    )


def hits(classes: list[np.ndarray], labels: Iterable[Any]) -> int:
    """How many predicted classes are right; a label is a class or a set of accepted ones."""
    return sum(
        bool(set(np.atleast_1d(found).tolist()) & (label if isinstance(label, set) else {int(label)}))
        for found, label in zip(classes, labels, strict=True)
    )

"""Runs a QDQ model in ONNX Runtime and its TFLite file in LiteRT, and counts the steps between them.

Whole: the outputs, in both runtimes' integer kernels. Layer by layer: every kernel reads the same integers, and is
held against the model's own arithmetic, in float32 between its pairs. The second tells whether kernels, weights,
biases and scales are right; the first what roundings that may go either way grow to.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from portproof import runtimes
from portproof.calibration import run
from portproof.calibration.graph.access import shape_of
from portproof.exporter.agreement.cut import Cut, cut
from portproof.exporter.agreement.steps import Steps, compare
from portproof.runtimes.parity import run_in_source_layout

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.runtimes.spec import Runner

Arrays = Mapping[str, NDArray[Any]]
_SAMPLES, _FOR_LAYERS = 8, 2
_MOST_VALUES = 1 << 26


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """A TFLite file and the QDQ model that it was made of.

    Attributes:
        samples: both were run whole on.
        outputs: of the whole models, by name; those without a scale of their own are not among them.
        layers: of each value with a pair, by name, where every kernel reads the same integers; on fewer samples.
        left_out: why there are no layers; "" where there are.
    """

    samples: int
    outputs: Mapping[str, Steps] = field(default_factory=dict)
    layers: Mapping[str, Steps] = field(default_factory=dict)
    left_out: str = ""

    @property
    def all_layers(self) -> Steps:
        """All values of all layers together."""
        total = Steps()
        for steps in self.layers.values():
            total = total.plus(steps)
        return total

    @property
    def worst(self) -> str:
        """The name of the layer with the largest share beyond one step; "" where there is no layer."""
        return max(
            self.layers, key=lambda name: (1 - self.layers[name].within_one, self.layers[name].apart), default=""
        )


def agreement(model: "ir.Model", tflite: Path, samples: Iterable[Arrays], folder: Path, *, unit: str) -> Agreement:
    """Compare a TFLite file with the QDQ model that it was made of.

    Args:
        model: QDQ ONNX, sizes fixed.
        tflite: made of it.
        samples: inputs of the model; at most eight are run.
        folder: for a file of its own.
        unit: that the file was made for.

    Raises:
        PortproofError: ``E-RUN``, ``E-RUN-TIMEOUT``: one of the two does not run.
    """
    few = list(islice(samples, _SAMPLES))
    apart = cut(model)
    names = [output.name or "" for output in model.graph.outputs]
    outputs = {name: apart.scales[name] for name in names if name in apart.scales}
    whole = _whole(model, tflite, few, outputs) if outputs else {}
    if not apart.given:
        return Agreement(samples=len(few), outputs=whole, left_out="nothing has a fixed scale")
    if _values(apart) > _MOST_VALUES:
        why = f"its layers hold {_values(apart):,} values together, and {_MOST_VALUES:,} are held at most"
        return Agreement(samples=len(few), outputs=whole, left_out=why)
    return Agreement(samples=len(few), outputs=whole, layers=_layers(model, apart, few[:_FOR_LAYERS], folder, unit))


def _whole(model: "ir.Model", tflite: Path, samples: Iterable[Arrays], scales: Mapping[str, float]) -> dict[str, Steps]:
    found = dict.fromkeys(scales, Steps())
    running = run.session(run.to_bytes(model), integers=True)
    with runtimes.open(tflite) as runner:
        for sample in samples:
            wanted, got = run.values(running, list(scales), sample), run_in_source_layout(runner, sample)
            for name, scale in scales.items():
                found[name] = found[name].plus(compare(wanted[name], got[name], scale))
    return found


def _layers(model: "ir.Model", apart: Cut, samples: Iterable[Arrays], folder: Path, unit: str) -> dict[str, Steps]:
    from portproof.exporter.tflite.conversion import convert_model

    path = folder / "layers.tflite"
    convert_model(apart.model, unit=unit).save(path)
    running = run.session(run.to_bytes(model, list(apart.scales)))
    found = dict.fromkeys(apart.scales, Steps())
    with runtimes.open(path) as runner:
        for sample in samples:
            wanted = run.values(running, list(apart.scales), sample)
            got = run_in_source_layout(runner, _given(runner, apart, sample, wanted))
            for name, scale in apart.scales.items():
                found[name] = found[name].plus(compare(wanted[name], got[name], scale))
    return found


def _given(runner: "Runner", apart: Cut, sample: Arrays, values: Arrays) -> dict[str, NDArray[Any]]:
    """What the layers read: the values of the whole model, and its inputs."""
    every = {**sample, **{name: values[value] for name, value in apart.given.items()}}
    return {spec.name: every[spec.name] for spec in runner.inputs}


def _values(apart: Cut) -> int:
    return sum(math.prod(shape_of(value) or ()) for value in apart.model.graph.inputs)

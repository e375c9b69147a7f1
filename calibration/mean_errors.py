"""By how much rounding shifts each channel of each layer on average, measured in one run of the quantized model.

Beside each quantized layer stands its float form, which reads the same value before it is rounded: the difference of
the two is what this layer's own roundings do, of its input and of its weights. What layers before it do is in both,
so that all layers can be corrected at once. Means are taken inside the model: of a layer, only [channels] numbers
leave it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration import run
from portproof.calibration.graph.access import add_constant, names_kept
from portproof.calibration.plan import Layer, Plan
from portproof.calibration.samples import Inputs
from portproof.calibration.twins import add_exact
from portproof.calibration.write import write

if TYPE_CHECKING:
    import onnx_ir as ir

_MEAN, _AXES_ARE_INPUTS = "_mean", 18


def mean_errors(
    model: "ir.Model", plan: Plan, names: Iterable[str], samples: Iterable[Inputs]
) -> dict[str, NDArray[np.float64]]:
    """Mean of float less quantized output for each channel, float64 [C], by layer; to be added to the bias.

    Args:
        model: the prepared float model.
        plan: of the quantized one.
        names: of layers with a bias.
        samples: to run it on.
    """
    layers = [plan.layers[name] for name in names if plan.layers[name].bias]
    quantized = write(model, plan)
    pairs = dict(_measured(quantized, model, layers))
    sums = {name: np.zeros(()) for name in pairs}
    count = 0
    for values in run.stream(quantized, [each for pair in pairs.values() for each in pair], samples):
        count += 1
        for name, (exact, rounded) in pairs.items():
            sums[name] = sums[name] + (values[exact].astype(np.float64) - values[rounded])
    return {name: total / max(1, count) for name, total in sums.items()}


def _measured(
    quantized: "ir.Model", model: "ir.Model", layers: Sequence[Layer]
) -> "Iterator[tuple[str, tuple[str, str]]]":
    """Adds float twins and means to `quantized`; by layer the names of the exact and of the rounded output's mean."""
    made = {value.name or "": value for node in quantized.graph for value in node.outputs}
    exact = add_exact(quantized, model, layers)
    with names_kept():
        for layer, twin in zip(layers, exact, strict=True):
            output = made.get(f"{layer.output}_raw") or made[layer.output]
            yield layer.name, (_mean(quantized, twin, layer), _mean(quantized, output, layer))


def _mean(model: "ir.Model", value: "ir.Value", layer: Layer) -> str:
    """The name of a value's mean over all axes but the channels', [C]."""
    import onnx_ir as ir

    rank = len(value.shape) if value.shape is not None else 0
    axes = [axis for axis in range(rank) if axis != layer.output_axis % rank]
    name = f"{value.name}{_MEAN}"
    if model.opset_imports.get("", 1) >= _AXES_ARE_INPUTS:
        given = add_constant(model.graph, np.asarray(axes, np.int64), f"{name}_axes")
        node = ir.node("ReduceMean", [value, given], {"keepdims": 0}, name=name)
    else:
        node = ir.node("ReduceMean", [value], {"keepdims": 0, "axes": axes}, name=name)
    node.outputs[0].name = name
    model.graph.append(node)
    return name

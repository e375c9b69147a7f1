"""From a placement and statistics to a plan: an encoding for each group, integer weights and biases for each layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.graph.access import constant
from portproof.calibration.observe import histogram, ranges
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.place import saturation, sums
from portproof.calibration.place.coarse import float_results
from portproof.calibration.place.groups import Group
from portproof.calibration.place.placement import Placement
from portproof.calibration.place.shared import spanned
from portproof.calibration.place.sites import MOVEMENT
from portproof.calibration.plan import LIMITS, Encoding, Layer, LayerWeights, Plan
from portproof.calibration.rounding import weight_scales
from portproof.calibration.rounding.grid import WeightGrid
from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir

# A bias of this many steps at most leaves room for the products that it is added to, in an int32.
_LARGEST_BIAS = 2.0**30


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How ranges are set.

    Attributes:
        estimator: a key of `ranges.ESTIMATORS`.
        symmetric: zero points of 0, for units that need them.
    """

    estimator: str = "best"
    symmetric: bool = False


def build(
    model: "ir.Model",
    placement: Placement,
    rules: KernelRules,
    histograms: Mapping[str, Histogram],
    choice: Choice,
    *,
    weigh: "Callable[[ir.Model, Layer, KernelRules, Encoding | None], LayerWeights] | None" = None,
) -> Plan:
    """The static plan of a placement.

    Args:
        model: the prepared float model.
        placement: of it.
        rules: of the unit.
        histograms: of at least the placement's sources, constants left out.
        choice: how ranges are set.
        weigh: gives what `layer_weights` does; that itself, where left out.
    """
    weigh = weigh or layer_weights
    activations: dict[str, Encoding] = {}
    matter = saturation.bounds(model)
    for group in placement.groups:
        known = _of_what_matters(group, histograms, matter)
        found = encode(group, model, known, choice, placement)
        activations.update(dict.fromkeys(group.members, found))
    activations = sums.aligned(placement, activations)
    loose = float_results(placement, rules, activations, histograms)
    bare = {name for found in loose.values() for name in found.values}
    activations = {name: encoding for name, encoding in activations.items() if name not in bare}
    layers = placement.layers
    weights = {
        name: weigh(model, layer, rules, activations.get(layer.input))
        for name, layer in layers.items()
        if name in placement.integer
    }
    fused = {
        node.name or "" for region in placement.regions if region.name in placement.integer for node in region.rest
    }
    moves = {name for found in loose.values() for name in found.moves}
    return Plan(
        layers=layers,
        integer=(placement.integer - moves) | fused,
        fused=placement.fused,
        activations=activations,
        weights=weights,
        why_float=placement.why_float,
        float_results={name: found.why for name, found in loose.items()},
    )


def _of_what_matters(
    group: Group, histograms: Mapping[str, Histogram], matter: Mapping[str, saturation.Bounds]
) -> Mapping[str, Histogram]:
    """The histograms, of a value that a saturating function reads without what that does not tell apart."""
    (name, *others) = group.members
    if others or name not in matter or name not in histograms:
        return histograms
    return {name: saturation.within(histograms[name], matter[name])}


def encode(
    group: Group, model: "ir.Model", histograms: Mapping[str, Histogram], choice: Choice, placement: Placement
) -> Encoding:
    """The encoding of a group: what its kernel prescribes, else the range of all that enters it."""
    if group.fixed is not None:
        return Encoding(scale=group.fixed[0], zero_point=group.fixed[1], dtype=placement.precision)
    found = joint(group, model, histograms)
    low, high = LIMITS[placement.precision]
    estimator = ranges.ESTIMATORS[choice.estimator if placement.precision == "int8" else "minmax"]
    if not found.counts.size:
        if not any(name in histograms for name in group.sources):
            raise _unseen(group)
        return Encoding(scale=1.0, zero_point=0, dtype=placement.precision)  # it never had an element
    return ranges.encoding(estimator(found, high - low + 1), placement.precision, symmetric=choice.symmetric)


def _unseen(group: Group) -> PortproofError:
    """A scale of values that nobody watched would be made up."""
    return PortproofError(
        "E-INTERNAL",
        f"no statistics were gathered of {', '.join(group.sources)}",
        why="a scale would be made up without them",
        hint="please report the model; until then keep the operators around it float",
    )


def joint(group: Group, model: "ir.Model", histograms: Mapping[str, Histogram]) -> Histogram:
    """One histogram of all values that enter a group."""
    parts = [histograms[name] if name in histograms else _unwatched(model, name, histograms) for name in group.sources]
    return reduce(histogram.merge, parts, histogram.EMPTY)


def _unwatched(model: "ir.Model", name: str, histograms: Mapping[str, Histogram]) -> Histogram:
    """Of a constant, of a value that only moves what was watched, or of one that was watched behind what moves it."""
    graph = model.graph
    made = (output for node in graph for output in node.outputs)
    value = graph.initializers.get(name) or next(each for each in (*graph.inputs, *made) if each.name == name)
    found = spanned(value, histograms)
    if found.counts.size:
        return found
    moved = (user.outputs[0].name or "" for user, _ in value.uses() if user.op_type in MOVEMENT)
    return next((histograms[each] for each in moved if each in histograms), found)


def layer_weights(
    model: "ir.Model", layer: Layer, rules: KernelRules, read: Encoding | None, bits: int = 8
) -> LayerWeights:
    """A layer's weights rounded to nearest, with scales of least squared error; its float bias.

    Args:
        model: the prepared float model.
        layer: of it.
        rules: of the unit: a scale for each channel, or one.
        read: the encoding of the layer's input; None when that has none (dynamic, weights only).
        bits: of the weights.
    """
    weight = np.asarray(constant(model.graph.initializers[layer.weight]), np.float32)
    channels = np.moveaxis(weight, layer.axis, 0).reshape(1, weight.shape[layer.axis], -1)
    kernel = rules.kernel(layer.op_type)
    if kernel is not None and kernel.weights == "per_tensor":
        one = weight_scales.least_squares(channels.reshape(1, 1, -1), WeightGrid(bits=bits))
        scale = np.repeat(one.reshape(-1), channels.shape[1])
    else:
        scale = weight_scales.least_squares(channels, WeightGrid(bits=bits)).reshape(-1)
    bias = bias_of(model, layer)
    scale = scale if read is None or bias is None else widened(scale, bias, read, layer)
    return rounded(weight, scale, layer.axis, bias, bits)


def rounded(
    weight: NDArray[np.float32], scale: NDArray[np.float32], axis: int, bias: NDArray[np.float32] | None, bits: int = 8
) -> LayerWeights:
    """Weights rounded to the nearest integers of their scales."""
    most = 2 ** (bits - 1) - 1
    shape = [1] * weight.ndim
    shape[axis] = -1
    integers = np.clip(np.rint(weight / scale.reshape(shape)), -most, most).astype(np.int8)
    return LayerWeights(integers=integers, scale=scale.astype(np.float32), axis=axis, bias=bias, bits=bits)


def bias_of(model: "ir.Model", layer: Layer) -> NDArray[np.float32] | None:
    """The float bias of a layer [C], None where it has none."""
    if not layer.bias:
        return None
    return np.asarray(constant(model.graph.initializers[layer.bias]), np.float32).reshape(-1)


def widened(scale: NDArray[np.float32], bias: NDArray[np.float32], read: Encoding, layer: Layer) -> NDArray[np.float32]:
    """Scales so wide that no bias leaves an int32: its step is the product of input and weight scale."""
    if layer.op_type == "ConvTranspose" and layer.group > 1:  # a weight channel serves one output of each group
        bias = np.abs(bias.reshape(layer.group, -1)).max(axis=0)
    least = np.abs(bias.astype(np.float64)) / (read.scale * _LARGEST_BIAS)
    return np.maximum(scale, least.astype(np.float32))


def refit(weights: LayerWeights, read: Encoding, layer: Layer) -> LayerWeights:
    """The same weights with scales widened where the bias would leave an int32; most often nothing changes."""
    if weights.bias is None or weights.block_size:
        return weights
    scale = widened(weights.scale, weights.bias, read, layer)
    if np.array_equal(scale, weights.scale):
        return weights
    return rounded(weights.dequantized(), scale, weights.axis, weights.bias, weights.bits)

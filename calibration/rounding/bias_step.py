"""The step that takes back, through its bias, what rounding shifts a layer's output by on average."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.rounding import inputs
from portproof.calibration.rounding.bias_correction import MeanError, quantum
from portproof.calibration.rounding.inputs import Target
from portproof.calibration.rounding.moments import sampled
from portproof.calibration.steps import Context, Proposal, Sample

_ROWS = 256
# Without an encoding the largest value is not known beforehand; a sum of any outlier still fits an int64.
_LARGEST_FLOAT = 64.0


class BiasCorrection:
    """Adds to each bias the mean of ``W x - W' x'``, of x before its rounding, x' after it, W' the rounded weights.

    Both are values of the quantized model, so that each layer makes up for its own roundings (of its weights, and of
    its input) and for nothing that layers before it make up for already: all layers can be corrected at once.
    Measuring each layer against the float model instead corrects the same shift again in every layer behind it.

    Attributes:
        name: as the report shows it.
    """

    name = "bias correction"

    def propose(self, context: Context) -> Iterator[Proposal]:
        """One proposal for each quantized layer that has a bias and a matrix form."""
        chosen = [target for target in inputs.targets(context) if context.plan.weights[target.name].bias is not None]
        if not chosen:
            return
        names = sorted({target.input for target in chosen})
        found = mean_inputs(chosen, context.quantized_values(names, plain=True))
        for target in chosen:
            old, exact = context.plan.weights[target.name], context.bias(target.name)
            shift = _shift(context, target, found[target.name])
            bias = shift if exact is None else exact + shift
            yield Proposal(layer=target.name, weights=replace(old, bias=bias.astype(np.float32)))


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanInputs:
    """Of a layer's rows, float64 [groups, columns]: the mean before they are rounded, and the mean after it."""

    plain: NDArray[np.float64]
    rounded: NDArray[np.float64]


def mean_inputs(chosen: Sequence[Target], samples: Iterable[Sample]) -> dict[str, MeanInputs]:
    """The mean inputs of each layer, by name, over samples that hold them as they are before they are rounded."""
    sums = {target.name: [MeanError.none(_size(target), _unit(target)) for _ in range(2)] for target in chosen}
    for sample in samples:
        for target in chosen:
            value = sample.values[target.input]
            rows = sampled(target.matrix, value, target.name, str(sample.fingerprint), _ROWS)
            flat = rows.reshape(len(rows), -1)
            rounded = flat if target.encoding is None else target.encoding.dequantize(target.encoding.quantize(flat))
            nothing = np.zeros_like(flat)
            both = sums[target.name]
            both[:] = [total.add(one, nothing, 1) for total, one in zip(both, (flat, rounded), strict=True)]
    shape = {target.name: (target.matrix.groups, -1) for target in chosen}
    means = {name: [total.mean().reshape(shape[name]) for total in both] for name, both in sums.items()}
    return {name: MeanInputs(plain=plain, rounded=rounded) for name, (plain, rounded) in means.items()}


def _shift(context: Context, target: Target, means: MeanInputs) -> NDArray[np.float64]:
    """What the float bias is to be changed by, [channels]."""
    matrix = target.matrix
    exact = matrix.columns(context.weight(target.name)).astype(np.float64)
    rounded = matrix.columns(context.plan.weights[target.name].dequantized()).astype(np.float64)
    wanted, found = (np.einsum("gok,gk->go", w, m) for w, m in ((exact, means.plain), (rounded, means.rounded)))
    shift: NDArray[np.float64] = matrix.per_channel(wanted - found)
    return shift


def _size(target: Target) -> int:
    return target.matrix.groups * inputs.columns_of(target.matrix)


def _unit(target: Target) -> float:
    code = target.encoding
    return quantum(_LARGEST_FLOAT if code is None else max(-code.low, code.high))

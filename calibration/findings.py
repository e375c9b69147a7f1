"""What is to be told of a calibration: too little data, dead, saturated and joined values, what stays float."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from portproof.calibration.accuracy import Accuracy
from portproof.calibration.graph import provenance
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.plan import Encoding, Plan
from portproof.calibration.report import FloatNode
from portproof.calibration.samples import Samples
from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes.images import Preprocessing

if TYPE_CHECKING:
    import onnx_ir as ir

_FEW = 32
_MOST_CLIPPED = 0.02
_MOST_SHOWN = 8
_POOR_DB = 10.0
_LOST_DB = 1.0
_BEYOND, _LEAST_USED = 0.02, 0.05  # of the range that a preprocessing gives


def findings(
    model: "ir.Model",
    plan: Plan,
    histograms: Mapping[str, Histogram],
    samples: Samples,
    shared: Mapping[str, str],
) -> Iterator[Message]:
    """Warnings, in the order a user would want them."""
    if samples.count < _FEW:
        yield Message(
            code="W-CALIB-FEW",
            what=f"{samples.count} calibration sample{'' if samples.count == 1 else 's'}",
            why="rare values are missed, and a fifth of them has to tell what helps",
            hint=f"give {_FEW} or more, as different as the model will meet",
        )
    yield from _constants(histograms)
    yield from _saturated(plan, histograms)
    places = {node.name: provenance.where(node) for node in model.graph}
    for name, why in shared.items():
        yield Message(
            code="W-CALIB-SHARED-RANGE",
            what=f"{name} stays float: one scale cannot hold what it joins",
            where=places.get(name, name),
            why=why,
            hint="return its inputs as outputs of their own, or bring them to one range (boxes divided by the image's "
            "size beside scores)",
        )


def check_range(samples: Samples, declared: Sequence[Preprocessing]) -> None:
    """Refuse inputs that a declared preprocessing cannot have made.

    Raises:
        PortproofError: ``E-CALIB-RANGE``.
    """
    for each in declared:
        for stats in samples.stats:
            if each.input in ("", stats.spec.name) and stats.spec.dtype.startswith("float"):
                low, high = _range_of(each)
                margin = _BEYOND * (high - low)
                beyond = stats.low < low - margin or stats.high > high + margin
                if beyond or stats.high - stats.low < _LEAST_USED * (high - low):
                    raise _wrong_range(stats.spec.name, (stats.low, stats.high), (low, high))


def poor(accuracy: Accuracy) -> Iterator[Message]:
    """A warning for each output that is far from the float model's."""
    for name, sqnr_db in accuracy.outputs.items():
        if sqnr_db < _POOR_DB:
            yield Message(
                code="W-CALIB-ACCURACY",
                what=f"output {name!r} of the quantized model has an SQNR of {sqnr_db:.1f} dB",
                where=name,
                why=f"below {_POOR_DB:.0f} dB the error is a third of the signal or more",
                hint="try the recipe dynamic or weight-only (w8a16 for an NPU), or keep the layers that hurt in float",
            )


def fused(planned: Accuracy, proven: Accuracy) -> Iterator[Message]:
    """A warning where the runtime makes other kernels of weights in integers than what the file says."""
    lost = planned.sqnr_db - proven.sqnr_db
    if lost > _LOST_DB:
        yield Message(
            code="W-CALIB-KERNELS",
            what=f"ONNX Runtime computes it at {proven.sqnr_db:.1f} dB, the file says {planned.sqnr_db:.1f} dB",
            why="of int8 weights before a matrix product it makes MatMulNBits, which quantizes its input as well",
            hint='set the session option session.qdq_matmulnbits_accuracy_level to "1", which keeps the input float32; '
            "LiteRT computes what the file says",
        )


_FLOAT_RESULT = "its result alone: int8 steps that hold its largest values are too coarse for the others"


def float_nodes(model: "ir.Model", plan: Plan) -> tuple[FloatNode, ...]:
    """The nodes that stay float though they compute, and layers that give float32, with reasons, in graph order."""
    reasons = {**plan.why_float, **dict.fromkeys(plan.float_results, _FLOAT_RESULT)}
    named = ((node.name or "", node) for node in model.graph)
    return tuple(
        FloatNode(name=name, op_type=node.op_type, where=provenance.where(node), why=reasons[name])
        for name, node in named
        if name in reasons
    )


def _constants(histograms: Mapping[str, Histogram]) -> Iterator[Message]:
    dead = [name for name, found in histograms.items() if found.counts.size and found.low == found.high]
    if dead:
        shown = ", ".join(f"{name} ({histograms[name].low:.4g})" for name in dead[:_MOST_SHOWN])
        yield Message(
            code="W-CALIB-CONSTANT",
            what=f"{len(dead)} value{'' if len(dead) == 1 else 's'} never changed on the calibration data",
            where=shown,
            why="the range of what is always the same is a guess",
            hint="look whether the data reaches this part of the model",
        )


def _saturated(plan: Plan, histograms: Mapping[str, Histogram]) -> Iterator[Message]:
    shares = {
        name: clipped(histograms[name], encoding)
        for name, encoding in plan.activations.items()
        if name in histograms and histograms[name].size
    }
    for name, share in sorted(shares.items(), key=lambda item: -item[1])[:_MOST_SHOWN]:
        if share > _MOST_CLIPPED:
            encoding = plan.activations[name]
            yield Message(
                code="W-CALIB-SATURATED",
                what=f"{share:.1%} of {name!r} lies outside the range that it is stored in",
                where=name,
                why=f"it goes from {histograms[name].low:.4g} to {histograms[name].high:.4g}, "
                f"stored are {encoding.low:.4g} to {encoding.high:.4g}",
                hint="keep its layer in float, or use the estimator minmax",
            )


def clipped(histogram: Histogram, encoding: Encoding) -> float:
    """The share of values that an encoding cannot hold."""
    centers = histogram.centers
    outside = (centers < encoding.low - encoding.scale) | (centers > encoding.high + encoding.scale)
    return float(histogram.counts[outside].sum() / max(1, histogram.size))


def _range_of(declared: Preprocessing) -> tuple[float, float]:
    mean, std = np.asarray(declared.mean, float), np.asarray(declared.std, float)
    ends = [(value * declared.scale - mean) / std for value in (0.0, 255.0)]
    return float(np.min(ends)), float(np.max(ends))


def _wrong_range(name: str, found: tuple[float, float], wanted: tuple[float, float]) -> PortproofError:
    return PortproofError(
        "E-CALIB-RANGE",
        f"input {name!r} of the calibration data goes from {found[0]:.4g} to {found[1]:.4g}",
        where=name,
        why=f"the preprocessing declared gives {wanted[0]:.4g} to {wanted[1]:.4g}",
        hint="apply the preprocessing to the calibration data, or declare the one that was applied",
    )

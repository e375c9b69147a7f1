"""Quantized forms for placement alone: the same pairs as calibration sets, on ranges that nobody measured."""

from collections.abc import Hashable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from portproof.calibration.build import Choice, build, layer_weights
from portproof.calibration.observe import histogram
from portproof.calibration.place import regions
from portproof.calibration.place.kept import Kept, keeping
from portproof.calibration.place.limits import beyond
from portproof.calibration.place.placement import Placement, place
from portproof.calibration.prepare import prepare
from portproof.calibration.write import write
from portproof.device_profiles import integer_kernels
from portproof.device_profiles.integer_kernels import KernelRules
from portproof.exporter.noise import captured

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.calibration.observe.histogram import Histogram
    from portproof.calibration.place.regions import Region
    from portproof.calibration.plan import Encoding, Layer, LayerWeights, Plan

CAUTION = "ranges are made up, all alike: they decide no placement but where scales must be equal, or joins differ"
_LOW, _HIGH = -6.0, 6.0


def quantized(model: "ir.Model", unit: str) -> "ir.Model":
    """A QDQ model as calibration places it for a unit; the numbers that it computes mean nothing.

    Args:
        model: simplified, float.
        unit: of `integer_kernels`.

    Raises:
        PortproofError: ``E-CALIB-QUANTIZED``, ``E-MODEL-UNSUPPORTED``: it cannot be quantized.
    """
    return Synthetic(model).on(unit)


class Synthetic:
    """A float model to be quantized for several units: what does not depend on the unit is done once.

    Args:
        model: simplified, float; left as it is.
    """

    def __init__(self, model: "ir.Model") -> None:
        self._model = model
        self._kept = Kept()
        self._weights: dict[Hashable, LayerWeights] = {}
        self._plans: dict[Hashable, Plan] = {}
        self._written: dict[int, ir.Model] = {}

    def on(self, unit: str) -> "ir.Model":
        """What `quantized` gives; the very same model for units that are to have the same pairs.

        Raises:
            PortproofError: ``E-CALIB-QUANTIZED``, ``E-MODEL-UNSUPPORTED``: it cannot be quantized.
        """
        with keeping(self._kept):
            plan = self._settled(integer_kernels.load(unit))
        if id(plan) not in self._written:
            self._written[id(plan)] = write(self._prepared, plan)
        return self._written[id(plan)]

    @cached_property
    def _prepared(self) -> "ir.Model":
        with captured():
            return prepare(self._model)

    @cached_property
    def _regions(self) -> "tuple[Region, ...]":
        return regions.find(self._prepared)

    def _settled(self, rules: KernelRules) -> "Plan":
        """The plan with nothing in it that its scales forbid."""
        apart: dict[str, str] = {}
        while True:
            placement = place(self._prepared, rules, apart=apart, found=self._regions)
            plan = self._plan(placement, rules)
            found = {name: why for name, why in beyond(placement, plan, rules).items() if name not in apart}
            if not found:
                return plan
            apart = {**apart, **found}

    def _plan(self, placement: Placement, rules: KernelRules) -> "Plan":
        """The plan of a placement: one for all units whose placements and kernels make it the same, reasons aside."""
        ops = sorted({region.head.op_type for region in placement.regions if region.name in placement.integer})
        key = (placement.integer, placement.groups, placement.precision, *_seen_by_plans(rules, ops))
        if key not in self._plans:
            import numpy as np

            ranges = histogram.of(np.array([_LOW, 0.0, _HIGH], np.float32))
            watched: dict[str, Histogram] = dict.fromkeys(placement.sources, ranges)
            choice = Choice(estimator="minmax", symmetric=rules.symmetric_activations)
            self._plans[key] = build(self._prepared, placement, rules, watched, choice, weigh=self._weigh)
        return self._plans[key]

    def _weigh(self, model: "ir.Model", layer: "Layer", rules: KernelRules, read: "Encoding | None") -> "LayerWeights":
        """Rounded once: units differ in how many scales weights have, and biases in the step of what is read."""
        kernel = rules.kernel(layer.op_type)
        key = (layer.name, kernel is not None and kernel.weights == "per_tensor", read if layer.bias else None)
        if key not in self._weights:
            self._weights[key] = layer_weights(model, layer, rules, read)
        return self._weights[key]


def _seen_by_plans(rules: KernelRules, ops: Iterable[str]) -> tuple[Hashable, ...]:
    """What of a unit's rules a plan depends on beside the placement."""
    kernels = [rules.kernel(op) for op in ops]
    seen = [(each.op, each.weights, each.float_result) for each in kernels if each is not None]
    return (rules.symmetric_activations, *seen)

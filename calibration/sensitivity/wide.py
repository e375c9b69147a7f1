"""Values of a static plan in int16 where a mix asks for it: 16x8 kernels read them with the same int8 weights.

A region in int16 gives int16. What it reads that a float region made is rounded for it alone, and becomes int16 too;
what an int8 region made stays as it is, and its integers are widened without loss. A kernel that reads int16 computes
in 16x8, whatever it gives.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.calibration.build import joint, layer_weights
from portproof.calibration.observe import ranges
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.place.groups import Group, inputs
from portproof.calibration.place.placement import Placement
from portproof.calibration.place.regions import Region
from portproof.calibration.place.sites import op_type
from portproof.calibration.plan import LIMITS, Encoding, Plan
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir

_LEVELS = LIMITS["int16"][1] - LIMITS["int16"][0] + 1


@dataclass(frozen=True, kw_only=True)
class Widener:
    """Knows one placement.

    Attributes:
        model: the prepared float model.
        placement: of all integer regions, of 8 bits and of 16.
        rules: of the unit.
        histograms: of the placement's sources.
    """

    model: "ir.Model"
    placement: Placement
    rules: KernelRules
    histograms: Mapping[str, Histogram]

    def widened(self, plan: Plan, names: Collection[str]) -> Plan:
        """The plan with int16 values around these regions; biases are given room in the finer steps."""
        chosen = [group for group in self.placement.groups if self._is_wide(group, names)]
        encodings = {member: found for group in chosen for found in [self._encoding(group)] for member in group.members}
        plan = plan.with_activations({name: found for name, found in encodings.items() if name in plan.activations})
        layers = {name: plan.layers[name] for name in plan.weights if plan.layers[name].input in encodings}
        weights = {
            name: layer_weights(self.model, layer, self.rules, plan.activations.get(layer.input))
            for name, layer in layers.items()
        }
        return plan.with_weights(weights)

    def _is_wide(self, group: Group, names: Collection[str]) -> bool:
        makers = [region for region in self._integer if _gives(region) & set(group.members)]
        readers = [region for region in self._integer if _reads(region) & set(group.members)]
        asked = [region.name in names for region in makers] or [region.name in names for region in readers]
        return any(asked) and all(self._takes(region) for region in (*makers, *readers))

    def _takes(self, region: Region) -> bool:
        kernel = self.rules.kernel(op_type(region.head))
        return kernel is not None and "int16" in kernel.activations

    @property
    def _integer(self) -> list[Region]:
        return [region for region in self.placement.regions if region.name in self.placement.integer]

    def _encoding(self, group: Group) -> Encoding:
        for region in self._integer:
            kernel = self.rules.kernel(op_type(region.head))
            fixed = (kernel.fixed_output or {}).get("int16") if kernel is not None else None
            if fixed is not None and _gives(region) & set(group.members):
                return Encoding(scale=fixed[0], zero_point=fixed[1], dtype="int16")
        found = joint(group, self.model, self.histograms)
        if not found.counts.size:
            return Encoding(scale=1.0, zero_point=0, dtype="int16")
        return ranges.encoding(ranges.minmax(found, _LEVELS), "int16")


def _gives(region: Region) -> set[str]:
    return {value.name or "" for value in region.results}


def _reads(region: Region) -> set[str]:
    return {value.name or "" for value in inputs(region)}

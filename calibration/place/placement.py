"""The placement of a model on a unit: regions in integers, regions that stay float and why, groups of one encoding."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portproof.calibration.place import groups, islands, regions
from portproof.calibration.place.groups import Group
from portproof.calibration.place.regions import Region
from portproof.calibration.place.sites import MOVEMENT
from portproof.calibration.plan import Layer, Precision
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a model is quantized; the scales are not known yet.

    Attributes:
        regions: all of the main graph, in its order.
        integer: names of the regions that compute in integers.
        why_float: the reason of each other region that computes anything, by name.
        groups: of the values that carry a pair.
        precision: of the activations.
    """

    regions: tuple[Region, ...]
    integer: frozenset[str]
    why_float: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    precision: Precision = "int8"

    @property
    def layers(self) -> dict[str, Layer]:
        """Every layer with constant weights, by name."""
        return {region.name: region.layer for region in self.regions if region.layer is not None}

    @property
    def fused(self) -> frozenset[str]:
        """Names of nodes that are computed in the node before them."""
        return frozenset(node.name or "" for region in self.regions for node in region.rest)

    @property
    def sources(self) -> tuple[str, ...]:
        """The values whose statistics set ranges, or tell whether a prescribed range holds all that is joined."""
        asked = (group for group in self.groups if group.fixed is None or len(group.sources) > 1)
        return tuple(name for group in asked for name in group.sources)


def place(
    model: "ir.Model",
    rules: KernelRules,
    *,
    precision: Precision = "int8",
    apart: Mapping[str, str] | None = None,
    processor: str = "",
    found: tuple[Region, ...] | None = None,
    integers: Collection[str] = (),
) -> Placement:
    """Place a prepared model on a unit.

    Args:
        model: see `prepare`.
        rules: of the unit.
        precision: of the activations.
        apart: nodes that are to stay float, each with the reason, whatever the unit could do.
        processor: ``"x86_64"``, ``"aarch64"``: what is known to be slower in integers on it stays float where that
            costs less; "" for any.
        found: the regions of the model, where they are known.
        integers: names of nodes, or of operators, that compute in integers wherever the unit can, whatever that costs.
    """
    found = regions.find(model) if found is None else found
    refused = islands.refusals(found, rules, precision, apart or {})
    costly = islands.unprofitable(found, refused, rules, processor) if rules.float_islands else {}
    forced = {region.name for region in found if {region.name, region.head.op_type} & set(integers)}
    costly = {name: why for name, why in costly.items() if name not in forced}
    moved = {region.name for region in found if region.head.op_type in MOVEMENT}
    told = {**refused, **{name: why for name, why in costly.items() if name not in moved}}
    integer = frozenset(region.name for region in found if region.name not in refused and region.name not in costly)
    return Placement(
        regions=found,
        integer=integer,
        why_float={name: reason for name, reason in told.items() if reason != islands.NOT_FLOAT},
        groups=groups.find(found, integer, rules, precision),
        precision=precision,
    )

"""Kernels whose limits depend on scales: known only when ranges are, and held against the plan then."""

from typing import TYPE_CHECKING

from portproof.calibration.graph.access import is_constant
from portproof.calibration.place.groups import inputs
from portproof.calibration.place.placement import Placement
from portproof.calibration.place.regions import Region
from portproof.calibration.place.sites import op_type, site
from portproof.calibration.plan import Plan
from portproof.device_profiles.integer_kernels import KernelRules
from portproof.device_profiles.integer_limits import Site

if TYPE_CHECKING:
    from collections.abc import Mapping


def beyond(placement: Placement, plan: Plan, rules: KernelRules) -> "dict[str, str]":
    """Integer regions whose scales their kernel does not take, by name, with the reason.

    A runtime does not always refuse such a file gracefully, so these regions are to stay float.
    """
    chosen = [region for region in placement.regions if region.name in placement.integer and _has_limits(region, rules)]
    reasons = {region.name: rules.refusal(_site(region, plan), placement.precision) for region in chosen}
    return {name: reason for name, reason in reasons.items() if reason}


def _has_limits(region: Region, rules: KernelRules) -> bool:
    kernel = rules.kernel(op_type(region.head))
    return kernel is None or bool(kernel.limits)


def _site(region: Region, plan: Plan) -> Site:
    """What is known of a region's head, its scales among it; of a layer also its weights' largest."""
    known = site(region.head)
    return Site(
        op=known.op,
        attributes=known.attributes,
        inputs=known.inputs,
        outputs=known.outputs,
        constants=known.constants,
        values=known.values,
        scales=_scales(region, plan),
        output_scale=_output_scale(region, plan),
    )


def _scales(region: Region, plan: Plan) -> "Mapping[int, float]":
    read = set(inputs(region))
    scales = {
        index: plan.activations[value.name or ""].scale
        for index, value in enumerate(region.head.inputs)
        if value is not None and value in read and (value.name or "") in plan.activations
    }
    weights = plan.weights.get(region.name)
    if weights is not None and is_constant(region.head.inputs[1]):
        scales[1] = float(weights.scale.max())
    return scales


def _output_scale(region: Region, plan: Plan) -> float | None:
    found = plan.activations.get(region.result.name or "")
    return None if found is None else found.scale

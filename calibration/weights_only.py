"""Plans without calibrated activations: int8 weights, activations quantized when running, or not at all."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from portproof.calibration.build import layer_weights
from portproof.calibration.place import regions
from portproof.calibration.place.sites import is_float, site
from portproof.calibration.plan import Plan
from portproof.calibration.recipes import Recipe
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir


def weights_plan(
    model: "ir.Model",
    rules: KernelRules,
    recipe: Recipe,
    *,
    processor: str = "",
    apart: Mapping[str, str] | None = None,
) -> Plan:
    """The plan of a recipe whose form is ``"dynamic"`` or ``"weight_only"``: all is float outside of layers.

    Args:
        model: the prepared float model.
        rules: of the unit: which layers have a kernel of the dynamic form.
        recipe: says which form.
        processor: as `platform.machine` names it: layers that are known to be slower there in the dynamic form stay
            float; "" where it may be any.
        apart: layers that stay float, by the name of their node, each with the reason.
    """
    apart = apart or {}
    found = regions.find(model)
    layers = {region.name: region.layer for region in found if region.layer is not None}
    reasons = {
        region.name: apart.get(region.name, "") or _refusal(region, rules, recipe, processor)
        for region in found
        if region.name in layers
    }
    chosen = [name for name, reason in reasons.items() if not reason]
    weights = {name: layer_weights(model, layers[name], rules, None, recipe.weight_bits) for name in chosen}
    dynamic = recipe.form == "dynamic"
    return Plan(
        layers=layers,
        integer=frozenset(),
        dynamic=frozenset(chosen if dynamic else ()),
        weight_only=frozenset(() if dynamic else chosen),
        fused=frozenset(node.name or "" for region in found for node in region.rest),
        activations={},
        weights=weights,
        why_float={name: reason for name, reason in reasons.items() if reason},
    )


def _refusal(region: regions.Region, rules: KernelRules, recipe: Recipe, processor: str) -> str:
    if not is_float(region.result):
        return "its weights are not float32"
    if recipe.form == "dynamic":
        known = site(region.head)
        return rules.refusal(known, None) or rules.slower(known, processor, dynamic=True)
    held = f"int{recipe.weight_bits}"
    return "" if held in rules.weight_only else f"{rules.name} does not dequantize {held} weights"

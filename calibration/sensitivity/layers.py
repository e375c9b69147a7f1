"""Which layers of a mix are not int8, by name, and why: what a user is told of a search."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from portproof.calibration.graph import provenance
from portproof.calibration.place import regions
from portproof.calibration.place.islands import COSTS
from portproof.calibration.place.regions import Region
from portproof.calibration.place.sites import site
from portproof.calibration.plan import Plan
from portproof.calibration.sensitivity.mix import Precision
from portproof.calibration.sensitivity.search import Found
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir

_SLOWER = "with {} layers the file was not faster than the float file where it was timed"
_WORDS: dict[Precision, str] = {
    "int8": "in int8",
    "int16": "in int16",
    "dynamic": "with its input quantized when running",
    "weight_only": "with int8 weights",
    "float16": "with float16 weights",
}

_ORDER: tuple[Precision, ...] = ("int8", "dynamic", "int16", "weight_only", "float16")


@dataclass(frozen=True, kw_only=True)
class MixedLayer:
    """A layer of a mix that is not int8.

    Attributes:
        name: of its node.
        op_type: of its node.
        where: the user's line, or the module, that made it.
        precision: that it has in the plan.
        why: a sentence.
    """

    name: str
    op_type: str
    where: str
    precision: Precision
    why: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return asdict(self)


def not_int8(
    model: "ir.Model", plan: Plan, found: Found, rules: KernelRules, *, processor: str = ""
) -> tuple[MixedLayer, ...]:
    """The layers with weights that are not int8 with fixed scales, recurrent ones too, in the graph's order.

    Args:
        model: the prepared float model.
        plan: of the mix chosen.
        found: by the search.
        rules: of the unit.
        processor: that mixes were placed for; "" for any.
    """
    return tuple(_layers(model, plan, found, rules, processor))


def counts(plan: Plan, others: Iterable[MixedLayer]) -> dict[str, int]:
    """How many layers with weights have each precision as written, most first; a mix says what was asked for.

    Args:
        plan: as written.
        others: its layers that are not int8.
    """
    found = Counter(each.precision for each in others)
    found["int8"] += sum(_precision(plan, name) == "int8" for name in plan.layers)
    return {precision: count for precision, count in found.most_common() if count}


def _layers(model: "ir.Model", plan: Plan, found: Found, rules: KernelRules, processor: str) -> Iterator[MixedLayer]:
    wanted = dict(found.chosen.mix.choices) if found.chosen else {}
    for region in regions.find(model):
        precision = _precision(plan, region.name)
        if precision == "int8" or not (region.layer is not None or _is_recurrent(region)):
            continue
        asked = wanted.get(region.name)
        if asked is None:
            why = plan.why_float.get(region.name, "its weights are not float32")
        elif asked == "int8":
            why = plan.why_float.get(region.name) or _costly(region, rules, processor)
        else:
            why = _reason(region.name, precision, found)
        yield MixedLayer(
            name=region.name,
            op_type=region.head.op_type,
            where=provenance.where(region.head),
            precision=precision,
            why=why,
        )


def _is_recurrent(region: Region) -> bool:
    """Layers with weights that no unit has an integer kernel for."""
    return region.head.op_type in ("GRU", "LSTM", "RNN")


def _precision(plan: Plan, name: str) -> Precision:
    if name in plan.integer:
        encoding = plan.activations.get(plan.layers[name].input) if name in plan.layers else None
        return encoding.dtype if encoding is not None else "int8"
    others: dict[Precision, frozenset[str]] = {
        "dynamic": plan.dynamic, "weight_only": plan.weight_only, "float16": plan.half
    }  # fmt: skip
    return next((precision for precision, names in others.items() if name in names), "float32")


def _costly(region: Region, rules: KernelRules, processor: str) -> str:
    return rules.slower(site(region.head), processor) or COSTS


def _reason(name: str, precision: Precision, found: Found) -> str:
    """Of a layer that the search raised: what cheaper precisions do, or that no mix with them was fast enough."""
    cheaper = _ORDER[: _ORDER.index(precision)] if precision in _ORDER else _ORDER
    aside = {each for point in found.set_aside for each in point.mix.counts()}
    in_use = set(found.chosen.mix.counts()) if found.chosen else set()
    slow = [each for each in cheaper if each in aside - in_use]
    measured = [effect for effect in found.ranking.effects if not effect.estimated]
    effects = {effect.precision: effect.sqnr_db for effect in measured if effect.item == name}
    known = [each for each in cheaper if each in effects]
    figures = ", ".join(f"{effects[each]:.1f} dB {_WORDS[each]}" for each in known)
    hurts = [f"alone it takes the outputs to {figures}"] if known else []
    told = [_SLOWER.format(" or ".join(slow))] if slow else []
    return "; ".join(told + hurts) or "the unit has no cheaper form of it"

"""The items of a real model: its regions, what the unit allows each, and the plan that a mix of them stands for."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from portproof.calibration import prepare, run
from portproof.calibration.build import Choice, build, layer_weights
from portproof.calibration.graph.access import constant
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.place import regions
from portproof.calibration.place.islands import COSTS
from portproof.calibration.place.limits import beyond
from portproof.calibration.place.placement import place
from portproof.calibration.place.regions import Region
from portproof.calibration.place.shared import shared_ranges
from portproof.calibration.place.sites import elements, is_float, site
from portproof.calibration.place.work import products, weights_of
from portproof.calibration.plan import Plan
from portproof.calibration.row_scales import with_row_scales
from portproof.calibration.samples import Inputs
from portproof.calibration.sensitivity.mix import Item, Mix, Precision
from portproof.calibration.sensitivity.noise import Sqnr
from portproof.calibration.sensitivity.options import item, options
from portproof.calibration.sensitivity.wide import Widener
from portproof.calibration.write import write
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir

_RAISED = "the search for a mix of precisions left it float"
_MIXED: frozenset[Precision] = frozenset({"int8", "dynamic", "weight_only", "float16", "float32"})
_LARGEST_HALF = float(np.finfo(np.float16).max)
_STATIC: frozenset[Precision] = frozenset({"int8", "int16"})


@dataclass(frozen=True, kw_only=True)
class RegionMixes:
    """A model whose regions get a precision each. An `Evaluate`: called with a mix, it runs it.

    Attributes:
        model: the prepared float model.
        rules: of the unit.
        histograms: of all that a fully static placement watches.
        samples: held back: what mixes are judged on; their float outputs are kept in memory.
        choice: how ranges are set.
        apart: regions that stay float whatever the mix says, each with the reason.
        thrifty: whether regions that are to be int8 stay float where their conversions would cost more than they
            save. Not so for a ranking: a region alone among float ones would never be int8.
        processor: the architecture that it will run on, as `platform.machine` names it: what is known to be slower
            in integers there saves nothing; "" where it may be any.
    """

    model: "ir.Model"
    rules: KernelRules
    histograms: Mapping[str, Histogram]
    samples: tuple[Inputs, ...]
    choice: Choice = field(default_factory=Choice)
    apart: Mapping[str, str] = field(default_factory=dict)
    thrifty: bool = True
    processor: str = ""
    _wanted: list[Inputs] = field(default_factory=list)

    @property
    def items(self) -> tuple[Item, ...]:
        """Regions that could be anything but float32, in the graph's order."""
        free = (region for region in regions.find(self.model) if region.name not in self.apart)
        mixed = _MIXED | _STATIC if self._has_int16 else _MIXED
        found = (_item(region, self.rules, mixed, self.processor) for region in free)
        return tuple(each for each in found if len(each.options) > 1)

    @property
    def _has_int16(self) -> bool:
        return self.rules.mixed_types and self.model.opset_imports.get("", 0) >= prepare.WIDE_PAIRS

    def plan(self, mix: Mix) -> Plan:
        """The plan of a mix: static ranges of the histograms, weights rounded to nearest.

        Of a layer that is to be int8, and would cost more in integers than it saves, the weights alone are.
        """
        wanted = dict(mix.choices)
        raised = {name: _RAISED for name, precision in wanted.items() if precision not in _STATIC}
        plan = self._static({**raised, **self.apart}, {name for name, each in wanted.items() if each == "int16"})
        dynamic = frozenset(name for name in plan.layers if wanted.get(name) == "dynamic")
        weight_only = frozenset(name for name in plan.layers if wanted.get(name) == "weight_only") | self._spared(plan)
        half = frozenset(name for name in plan.layers if wanted.get(name) == "float16")
        named = dynamic | weight_only
        weights = {name: layer_weights(self.model, plan.layers[name], self.rules, None) for name in sorted(named)}
        reasons = {name: reason for name, reason in plan.why_float.items() if name not in named | half}
        plan = replace(plan, why_float=reasons, dynamic=dynamic, weight_only=weight_only, half=half)
        return plan.with_weights(weights)

    def _spared(self, plan: Plan) -> frozenset[str]:
        """Layers that were to be int8, and that only thrift left float."""
        if not self.thrifty or "int8" not in self.rules.weight_only:
            return frozenset()
        costly = {name for name, reason in plan.why_float.items() if reason in self._thrift}
        return frozenset(name for name in plan.layers if name in costly)

    @property
    def _thrift(self) -> frozenset[str]:
        return frozenset({COSTS, *(rule.reason for rule in self.rules.slower_rules)})

    def _static(self, apart: Mapping[str, str], wide: Collection[str]) -> Plan:
        """The static part, regions in int16 included; what scales turn out not to allow stays float."""
        # Only what may have float islands is asked whether an integer one is worth its conversions.
        rules = self.rules if self.thrifty else self.rules.model_copy(update={"float_islands": False})
        shared = shared_ranges(place(self.model, rules, apart=apart), self.histograms)
        apart = {**apart, **shared}
        while True:
            placement = place(self.model, rules, apart=apart, processor=self.processor)
            plan = build(self.model, placement, rules, self.histograms, self.choice)
            if wide:
                widener = Widener(model=self.model, placement=placement, rules=self.rules, histograms=self.histograms)
                plan = widener.widened(plan, wide)
            found = beyond(placement, plan, self.rules)
            if not found:
                return plan
            apart = {**apart, **found}

    def __call__(self, mix: Mix) -> float:
        """SQNR in dB of the worst output, on the samples."""
        names = [output.name or "" for output in self.model.graph.outputs if is_float(output)]
        if not self._wanted:
            self._wanted.extend(run.stream(self.model, names, self.samples))
        got = run.stream(as_computed(self.model, self.plan(mix), self.rules), names, self.samples)
        return worst_db(names, self._wanted, got)


def model_db(model: "ir.Model", plan: Plan, rules: KernelRules, samples: Iterable[Inputs]) -> float:
    """SQNR in dB of the worst output of a plan on a unit, on samples."""
    names = [output.name or "" for output in model.graph.outputs if is_float(output)]
    given = tuple(samples)
    got = run.stream(as_computed(model, plan, rules), names, given)
    return worst_db(names, run.stream(model, names, given), got)


def as_computed(model: "ir.Model", plan: Plan, rules: KernelRules) -> "ir.Model":
    """A plan as a model whose dynamic layers have the scales that the unit's kernels find, one or one a row."""
    written = write(model, plan)
    return with_row_scales(written) if plan.dynamic and rules.dynamic_scales == "row" else written


def worst_db(names: Iterable[str], wanted: Iterable[Inputs], got: Iterable[Inputs]) -> float:
    """SQNR in dB of the worst of several outputs over all samples."""
    sums = dict.fromkeys(names, Sqnr())
    for reference, candidate in zip(wanted, got, strict=True):
        sums = {name: total.plus(reference[name], candidate[name]) for name, total in sums.items()}
    return min((total.sqnr_db for total in sums.values()), default=math.inf)


def _item(region: Region, rules: KernelRules, mixed: Collection[Precision], processor: str) -> Item:
    head = region.head
    found = options(rules, site(head), has_weights=region.layer is not None) if is_float(region.result) else ()
    if processor and rules.slower(site(head), processor, dynamic=True):
        found = tuple(precision for precision in found if precision != "dynamic")
    value = weights_of(region)
    if "float16" in found and not _fits_half(value):
        found = tuple(precision for precision in found if precision != "float16")
    channels = (value.shape or [1])[region.layer.axis] if region.layer and value is not None else 0
    return item(
        region.name,
        tuple(precision for precision in found if precision in mixed) or ("float32",),
        weights=elements(value) if value is not None else 0,
        channels=channels if isinstance(channels, int) else 1,
        products=products(region),
    )


def _fits_half(value: "ir.Value | None") -> bool:
    """Whether no weight is beyond float16's largest number."""
    array = constant(value)
    return array is not None and bool((np.abs(array) <= _LARGEST_HALF).all())

"""Joins of values of very different ranges: with one scale for all, the narrow ones would lose their digits."""

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import TYPE_CHECKING

from portproof.calibration.observe import histogram
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.place.groups import inputs
from portproof.calibration.place.placement import Placement
from portproof.calibration.place.regions import Region
from portproof.calibration.place.sites import MOVEMENT, operands
from portproof.calibration.plan import Encoding

if TYPE_CHECKING:
    import onnx_ir as ir

_JOINS = frozenset({"Concat", "Max", "Min", "Where", "Sum"})
_MOST_RATIO_INSIDE = 64.0  # six bits of the narrowest input's eight are lost
_MOST_RATIO_AT_OUTPUT = 4.0  # two bits: boxes beside scores


def shared_ranges(placement: Placement, histograms: Mapping[str, Histogram]) -> dict[str, str]:
    """Integer regions that would join too different ranges, and why they should stay float, by name.

    A Concat in front of an output costs nothing in float; further inside it is tolerated for longer, because it
    costs conversions there.
    """
    found = {}
    for region in placement.regions:
        if region.name in placement.integer and region.head.op_type in _JOINS and len(inputs(region)) > 1:
            reason = _beyond_prescribed(region, placement, histograms) or _reason(region, histograms)
            if reason:
                found[region.name] = reason
    return found


def _beyond_prescribed(region: Region, placement: Placement, histograms: Mapping[str, Histogram]) -> str:
    """Why a join cannot have the range that a kernel prescribes to one of its inputs (a Sigmoid): another is wider."""
    name = region.result.name or ""
    group = next((group for group in placement.groups if name in group.members), None)
    if group is None or group.fixed is None:
        return ""
    held = Encoding(scale=group.fixed[0], zero_point=group.fixed[1], dtype=placement.precision)
    for value in inputs(region):
        found = spanned(value, histograms)
        if found.counts.size and (found.low < held.low - held.scale or found.high > held.high + held.scale):
            span = f"{value.name!r}, which spans {found.low:.4g} to {found.high:.4g}"
            return f"it joins {span}, with what a kernel gives in {held.low:.4g} to {held.high:.4g}"
    return ""


def _reason(region: Region, histograms: Mapping[str, Histogram]) -> str:
    widths = {value.name or "": _width(value, histograms) for value in inputs(region)}
    known = {name: width for name, width in widths.items() if width > 0.0}
    if len(known) < 2:
        return ""
    narrow, wide = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    ratio = known[wide] / known[narrow]
    most = _MOST_RATIO_AT_OUTPUT if _leads_out(region.result) else _MOST_RATIO_INSIDE
    if ratio <= most:
        return ""
    return f"it joins {wide!r}, whose range is {known[wide]:.4g} wide, with {narrow!r}, {known[narrow]:.4g} wide"


def _width(value: "ir.Value", histograms: Mapping[str, Histogram]) -> float:
    """The width of a value's range, 0 where nothing is known; of mere movement, that of what is moved."""
    found = spanned(value, histograms)
    return max(found.high, 0.0) - min(found.low, 0.0) if found.counts.size else 0.0


def spanned(value: "ir.Value", histograms: Mapping[str, Histogram]) -> Histogram:
    """The histogram of a value, of what it is made of where it was not watched itself; empty where unknown."""
    known = histograms.get(value.name or "")
    if known is not None:
        return known
    if value.const_value is not None:
        return histogram.of(value.const_value.numpy())
    maker = value.producer()
    if maker is None:
        return histogram.EMPTY
    if maker.op_type not in MOVEMENT and maker.op_type not in _WITHIN:
        return histogram.EMPTY
    return reduce(histogram.merge, (spanned(item, histograms) for item in operands(maker)), histogram.EMPTY)


_WITHIN = frozenset({"AveragePool", "GlobalAveragePool", "MaxPool", "Slice", "Split", "Resize", "Pad", "Gather"})


def _leads_out(value: "ir.Value") -> bool:
    """Whether a value becomes an output of the graph with nothing but movement between."""
    if value.is_graph_output():
        return True
    readers = list(_readers(value))
    return bool(readers) and all(node.op_type in MOVEMENT and _leads_out(node.outputs[0]) for node in readers)


def _readers(value: "ir.Value") -> "Iterator[ir.Node]":
    for use in value.uses():
        yield use.node

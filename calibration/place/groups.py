"""Values that share one encoding: what a kernel takes and gives at the same scale (concatenation, pooling, reshapes).

A group is found by union-find through such kernels. Its range is that of all values that enter it from outside.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.calibration.place.regions import Region
from portproof.calibration.place.sites import MOVEMENT, is_float, operands
from portproof.calibration.plan import Precision
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True, kw_only=True)
class Group:
    """Values of one encoding, by name.

    Attributes:
        members: all of them, in the graph's order, constants too.
        sources: those whose own values set the range; the others' are among them.
        fixed: scale and zero point where a kernel prescribes them, else None.
    """

    members: tuple[str, ...]
    sources: tuple[str, ...]
    fixed: tuple[float, int] | None = None


def carried(regions: Collection[Region], integer: Collection[str]) -> "tuple[ir.Value, ...]":
    """The values that carry a pair, in the graph's order: what integer regions give and take, constants too."""
    found: dict[ir.Value, None] = {}
    for region in regions:
        if region.name in integer:
            found.update(dict.fromkeys((*inputs(region), *filter(is_float, region.results))))
    return tuple(found)


def inputs(region: Region) -> "tuple[ir.Value, ...]":
    """The activations that a region's integer kernel takes: of a layer, not its weight and bias."""
    given = region.head.inputs[:1] if region.layer is not None else operands(region.head)
    return tuple(value for value in given if value is not None)


def find(
    regions: Collection[Region], integer: Collection[str], rules: KernelRules, precision: Precision
) -> tuple[Group, ...]:
    """The groups of all values that carry a pair; most have one member."""
    values = carried(regions, integer)
    leader = {value: value for value in values}
    inner: set[ir.Value] = set()
    fixed: dict[ir.Value, tuple[float, int]] = {}
    for region in regions:
        kernel = rules.kernel(region.head.op_type) if region.name in integer else None
        if kernel is not None and kernel.same_scale:
            joined = [value for value in (*inputs(region), *region.results) if value in leader]
            for value in joined[1:]:
                leader[_root(leader, value)] = _root(leader, joined[0])
            if region.head.op_type in MOVEMENT or region.head.op_type in _SUBSET:
                inner.update(region.results)
        if kernel is not None and kernel.fixed_output and precision in kernel.fixed_output:
            fixed[region.result] = kernel.fixed_output[precision]
    return tuple(_groups(values, leader, inner, fixed))


# Kernels whose results lie within the range of what they take, though they are no mere movement.
_SUBSET = frozenset({"AveragePool", "GlobalAveragePool", "MaxPool", "Max", "Min", "Relu", "Clip", "Slice", "Split"})
_SUBSET |= frozenset({"Resize", "Gather", "Tile", "Expand", "Pad"})


def _groups(
    values: "tuple[ir.Value, ...]",
    leader: "dict[ir.Value, ir.Value]",
    inner: "set[ir.Value]",
    fixed: "Mapping[ir.Value, tuple[float, int]]",
) -> Iterator[Group]:
    members: dict[ir.Value, list[ir.Value]] = {}
    for value in values:
        members.setdefault(_root(leader, value), []).append(value)
    for found in members.values():
        yield Group(
            members=tuple(value.name or "" for value in found),
            sources=tuple(value.name or "" for value in found if value not in inner),
            fixed=next((fixed[value] for value in found if value in fixed), None),
        )


def _root(leader: "dict[ir.Value, ir.Value]", value: "ir.Value") -> "ir.Value":
    while leader[value] is not value:
        leader[value] = leader[leader[value]]
        value = leader[value]
    return value

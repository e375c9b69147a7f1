"""Which regions compute in integers and which stay float, so that the whole is never slower.

A region without an integer kernel stays float. So does one whose integer kernel saves less than the conversions
around it cost: a lone Add between two float operators, a depthwise convolution between two that have no kernel. The
estimate counts passes over memory: one unit is a float32 element read and written once. Rough factors are enough, for
what they decide between differs by multiples.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from portproof.calibration.graph.access import is_constant
from portproof.calibration.place import mincut
from portproof.calibration.place.kept import kept
from portproof.calibration.place.regions import Region
from portproof.calibration.place.sites import MOVEMENT, elements, is_float, op_type, operands, site
from portproof.calibration.plan import Precision
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir

_CONVERSION = 1.0  # for each element, from float to integer or back
_FLOAT_ELEMENT, _INTEGER_ELEMENT = 1.0, 0.35
_FLOAT_PRODUCT, _INTEGER_PRODUCT = 1 / 16, 1 / 48  # a multiplication, of dense kernels with SIMD
_FLOAT_WEIGHT, _INTEGER_WEIGHT = 0.5, 0.125  # read once, never written
NOT_FLOAT = "it computes no float32 tensor"
_FREE = frozenset({"Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})  # other names for the same memory
_PARTITION = 100_000.0  # what leaves the partition costs hand-overs whatever its size


def refusals(
    regions: Collection[Region], rules: KernelRules, precision: Precision, apart: Mapping[str, str]
) -> dict[str, str]:
    """Why regions cannot compute in integers, by name; those not named can.

    Args:
        regions: of the model.
        rules: of the unit.
        precision: of the activations.
        apart: regions that are to stay float for the reason given.
    """
    found = {region.name: apart.get(region.name) or _refusal(region, rules, precision) for region in regions}
    return {name: reason for name, reason in found.items() if reason}


def _refusal(region: Region, rules: KernelRules, precision: Precision) -> str:
    head, known = region.head, kept()
    if known is None:
        never = _never(region)
    else:
        never = known.never[head] if head in known.never else known.never.setdefault(head, _never(region))
    if never:
        return never
    if head.op_type == "Gather" and is_constant(head.inputs[0]) and _has_rows(rules):
        return "rows of its table have a scale each"
    return rules.refusal(site(head), precision)


def _never(region: Region) -> str:
    """Why no unit computes a region in integers."""
    head = region.head
    values = [*operands(head), *region.results]
    if not values or not all(is_float(value) for value in region.results):
        return NOT_FLOAT
    if any(attribute.type.name in ("GRAPH", "GRAPHS") for attribute in head.attributes.values()):
        return "it holds branches or a loop"
    if head.op_type in ("Conv", "ConvTranspose", "Gemm") and region.layer is None:
        return f"the weights or the bias of {head.op_type} are not constant, or it scales its operands"
    return ""


def _has_rows(rules: KernelRules) -> bool:
    """Whether tables are stored in int8 rows in front of a float Gather: one scale for all rows loses the small."""
    return rules.float_islands and "int8" in rules.weight_only and not rules.widens_tables


def unprofitable(
    regions: Collection[Region], refused: Mapping[str, str], rules: KernelRules, processor: str = ""
) -> dict[str, str]:
    """Regions that could compute in integers, and would cost more than they save: the reason, by name.

    The choice of least estimated time is a minimum cut: integer regions on the source's side, float ones on the
    sink's, conversions the edges between. Where that leaves nothing in integers, all layers are: a model so small is
    not quantized for speed. With a `processor` (an architecture, as `platform.machine` names it) what is known to be
    slower in integers there saves nothing.
    """
    known = kept()
    if known is None:
        return _unprofitable(regions, refused, rules, processor)
    split = frozenset(op for op in {op_type(region.head) for region in regions} if not rules.float_in_partition(op))
    key = (frozenset(refused), split, processor, rules.unit if processor else "")
    if key not in known.costly:
        known.costly[key] = _unprofitable(regions, refused, rules, processor)
    return known.costly[key]


def _unprofitable(
    regions: Collection[Region], refused: Mapping[str, str], rules: KernelRules, processor: str
) -> dict[str, str]:
    """Of the rules it asks no more than `unprofitable` has in its key."""
    possible = [region.name for region in regions if region.name not in refused]
    chosen = mincut.source_side(_edges(regions, refused, rules, processor), _SOURCE, _SINK)
    if not any(name in chosen for name in possible):
        chosen = mincut.source_side(_edges(regions, refused, rules, processor, _FORCED), _SOURCE, _SINK)
    slower = {region.name: _slower(region, rules, processor) for region in regions}
    return {name: slower[name] or COSTS for name in possible if name not in chosen}


COSTS = "converting to integers and back costs more than the integer kernel saves"
_FORCED = 1e12
_SOURCE, _SINK = ("", "integer"), ("", "float")


def _edges(
    regions: Collection[Region], refused: Mapping[str, str], rules: KernelRules, processor: str, bonus: float = 0.0
) -> Iterator[mincut.Edge]:
    """The graph to cut; `bonus` is what a layer gains by integers beside its time."""
    makers = {value: region.name for region in regions for value in region.results}
    readers: dict[ir.Value, list[str]] = {value: [] for value in makers}
    for region in regions:
        if region.name in refused:
            yield region.name, _SINK, math.inf
        else:
            saved = bonus if region.layer is not None else 0.0
            saved += 0.0 if _slower(region, rules, processor) else _saved(region, rules)
            yield (_SOURCE, region.name, saved) if saved >= 0 else (region.name, _SINK, -saved)
        for value in _inputs(region):
            readers.setdefault(value, []).append(region.name)
    for value, names in readers.items():
        yield from _conversions(value, makers.get(value), names)


def _conversions(value: "ir.Value", maker: str | None, readers: list[str]) -> Iterator[mincut.Edge]:
    """A value is converted once, whoever reads it: by way of a node of its own for each direction."""
    cost = elements(value) * _CONVERSION
    if maker is not None:
        to_float = (value.name, "to float")
        yield maker, to_float, cost
        yield from ((to_float, name, math.inf) for name in readers)
        if value.is_graph_output():
            yield to_float, _SINK, math.inf
    to_integer = (value.name, "to integer")
    yield to_integer, maker or _SINK, cost
    yield from ((name, to_integer, math.inf) for name in readers)


def _slower(region: Region, rules: KernelRules, processor: str) -> str:
    return rules.slower(site(region.head), processor) if processor else ""


def _saved(region: Region, rules: KernelRules) -> float:
    """Float time less integer time; of what only adds or multiplies, nothing.

    An Add in int8 saves little time and costs digits: it is one for the conversions that it spares alone. So the
    residual stream of a transformer, between float normalisations, stays float, and that of a CNN does not.
    """
    size = sum(elements(value) for value in region.results)
    products, weights = _work(region)
    time = products * (_FLOAT_PRODUCT - _INTEGER_PRODUCT) + weights * (_FLOAT_WEIGHT - _INTEGER_WEIGHT)
    if region.layer is not None or (region.head.op_type in MOVEMENT and region.head.op_type not in _FREE):
        time += size * (_FLOAT_ELEMENT - _INTEGER_ELEMENT)
    return time if rules.float_in_partition(op_type(region.head)) else time + _PARTITION


def _inputs(region: Region) -> "tuple[ir.Value, ...]":
    """The activations that come in; constants are converted when the model is written."""
    values = region.head.inputs[:1] if region.layer is not None else operands(region.head)
    return tuple(value for value in values if value is not None and not is_constant(value))


def _work(region: Region) -> tuple[int, int]:
    """Multiplications and weights of a region."""
    shapes = site(region.head).inputs
    if region.layer is None:
        inner = (shapes[0] or (1,))[-1] if region.head.op_type == "MatMul" and shapes[0] else 0
        return elements(region.result) * (inner or 0), 0
    shape = [size or 1 for size in shapes[1] or (1,)]
    weights = math.prod(shape)
    if region.head.op_type == "ConvTranspose":
        return elements(_inputs(region)[0]) * (weights // shape[0]), weights
    return elements(region.result) * (weights // shape[region.layer.axis]), weights

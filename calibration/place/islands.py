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
from portproof.calibration.place.regions import Region
from portproof.calibration.place.sites import elements, is_float, operands, site
from portproof.calibration.plan import Precision
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir

_CONVERSION = 1.0  # for each element, from float to integer or back
_FLOAT_ELEMENT, _INTEGER_ELEMENT = 1.0, 0.35
_FLOAT_PRODUCT, _INTEGER_PRODUCT = 1 / 16, 1 / 48  # a multiplication, of dense kernels with SIMD
_FLOAT_WEIGHT, _INTEGER_WEIGHT = 0.5, 0.125  # read once, never written
NOT_FLOAT = "it computes no float32 tensor"
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
    head = region.head
    values = [*operands(head), *region.results]
    if not values or not all(is_float(value) for value in region.results):
        return NOT_FLOAT
    if any(attribute.type.name in ("GRAPH", "GRAPHS") for attribute in head.attributes.values()):
        return "it holds branches or a loop"
    if head.op_type in ("Conv", "ConvTranspose", "Gemm") and region.layer is None:
        return f"the weights or the bias of {head.op_type} are not constant, or it scales its operands"
    return rules.refusal(site(head), precision)


def unprofitable(regions: Collection[Region], refused: Mapping[str, str], rules: KernelRules) -> dict[str, str]:
    """Regions that could compute in integers, and would cost more than they save: the reason, by name."""
    graph = _Costs(regions, refused, rules)
    moved = True
    while moved:
        moved = False
        for candidates in (*graph.single(), *graph.components()):
            if graph.gain(candidates) > 0:
                graph.integer -= candidates
                moved = True
    reason = "converting to integers and back costs more than the integer kernel saves"
    return {region.name: reason for region in regions if region.name not in graph.integer | set(refused)}


class _Costs:
    """The estimated time of a choice; regions only ever move from integers to float, so that it ends."""

    def __init__(self, regions: Collection[Region], refused: Mapping[str, str], rules: KernelRules) -> None:
        self.rules = rules
        self.regions = {region.name: region for region in regions}
        self.integer = {name for name in self.regions if name not in refused}
        self.maker = {value: region.name for region in regions for value in region.results}
        self.inputs = {region.name: _inputs(region) for region in regions}
        self.readers: dict[ir.Value, list[str]] = {}
        for name, values in self.inputs.items():
            for value in values:
                self.readers.setdefault(value, []).append(name)

    def single(self) -> "Iterator[set[str]]":
        """Each region that computes in integers, alone."""
        for name in list(self.regions):
            if name in self.integer:
                yield {name}

    def components(self) -> "Iterator[set[str]]":
        """Regions in integers that hang together."""
        left = set(self.integer)
        for name in self.regions:
            if name in left:
                found = self._component(name)
                left -= found
                yield found & self.integer

    def _component(self, name: str) -> set[str]:
        found, stack = {name}, [name]
        while stack:
            for other in self._neighbours(stack.pop()):
                if other in self.integer and other not in found:
                    found.add(other)
                    stack.append(other)
        return found

    def _neighbours(self, name: str) -> "Iterator[str]":
        for value in self.inputs[name]:
            yield self.maker.get(value, "")
        for value in self.regions[name].results:
            yield from self.readers.get(value, ())

    def gain(self, names: set[str]) -> float:
        """What making these float saves; negative when it costs."""
        if not names:
            return 0.0
        values = {value for name in names for value in (*self.inputs[name], *self.regions[name].results)}
        before = sum(self._conversion(value, self.integer) for value in values)
        after = sum(self._conversion(value, self.integer - names) for value in values)
        return before - after + sum(self._saved(self.regions[name]) for name in names)

    def _saved(self, region: Region) -> float:
        """Integer time less float time: below 0."""
        size = sum(elements(value) for value in region.results)
        products, weights = _work(region)
        time = size * (_INTEGER_ELEMENT - _FLOAT_ELEMENT)
        time += products * (_INTEGER_PRODUCT - _FLOAT_PRODUCT) + weights * (_INTEGER_WEIGHT - _FLOAT_WEIGHT)
        return time if self.rules.float_in_partition(region.head.op_type) else time - _PARTITION

    def _conversion(self, value: "ir.Value", integer: set[str]) -> float:
        """A value is converted once, whoever reads it."""
        readers = self.readers.get(value, [])
        if self.maker.get(value, "") in integer:
            needed = any(name not in integer for name in readers) or value.is_graph_output()
        else:
            needed = any(name in integer for name in readers)
        return elements(value) * _CONVERSION if needed else 0.0


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

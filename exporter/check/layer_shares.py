"""Which layers of the cost model each operator of a lowered model is: what it takes of the predicted time."""

import re
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from portproof.exporter.check.operators import Operator
from portproof.exporter.check.partition import bytes_of

if TYPE_CHECKING:
    from portproof.device_profiles.cost.work import Layer

#: Layers are mapped if those with this share of the multiply-accumulates find their operator.
_ENOUGH = 0.9
_NODE = re.compile(r"node '([^']*)'")


def owners(work: "Sequence[Layer]", operators: Sequence[Operator]) -> list[dict[int, float]] | None:
    """For each layer: positions of the operators that it is, with the share of each; None where that cannot be told.

    By the name of the ONNX node where operators keep it, else products by their multiply-accumulates, in order. What
    has none belongs to the operators without any that follow the same product, by the bytes that they write; to the
    product where there are none, as it was fused into it.

    Args:
        work: in the order of the graph.
        operators: in order of execution.
    """
    found = _by_name(work, operators)
    _by_macs(work, operators, found)
    total = sum(layer.macs for layer in work)
    if not operators or sum(work[index].macs for index in found) < _ENOUGH * total:
        return None
    after = _followers(operators, set(found.values()))
    last, shares = -1, list[dict[int, float]]()
    for index in range(len(work)):
        if index in found:
            last = found[index] if work[index].macs else last
            shares.append({found[index]: 1.0})
        else:
            shares.append(after.get(last) or {max(last, 0): 1.0})
    return shares


def _by_name(work: "Sequence[Layer]", operators: Sequence[Operator]) -> dict[int, int]:
    """By the position of a layer that of its operator; several operators of one node are left to the order."""
    named = defaultdict[str, list[int]](list)
    for index, one in enumerate(operators):
        node = _NODE.search(one.where)
        for name in {one.facts.name, node.group(1) if node else one.facts.name}:
            named[name].append(index)
    layers = defaultdict[str, list[int]](list)
    for index, layer in enumerate(work):
        layers[layer.name].append(index)
    return {
        at[0]: named[name][0]
        for name, at in layers.items()
        if len(at) == len(named.get(name, ())) == 1 and work[at[0]].macs == operators[named[name][0]].macs
    }


def _by_macs(work: "Sequence[Layer]", operators: Sequence[Operator], found: dict[int, int]) -> None:
    """Layers left that multiply: the first operator left with as many multiply-accumulates."""
    taken = set(found.values())
    waiting = defaultdict[int, deque[int]](deque)
    for index, one in enumerate(operators):
        if one.macs and index not in taken:
            waiting[one.macs].append(index)
    for index, layer in enumerate(work):
        if layer.macs and index not in found and waiting[layer.macs]:
            found[index] = waiting[layer.macs].popleft()


def _followers(operators: Sequence[Operator], taken: set[int]) -> dict[int, dict[int, float]]:
    """By the position of a product (-1: before the first): the operators after it that are no layer, with shares."""
    groups, last = defaultdict[int, dict[int, int]](dict), -1
    for index, one in enumerate(operators):
        if one.macs:
            last = index
        elif index not in taken:
            groups[last][index] = max(1, sum(bytes_of(tensor) for tensor in one.facts.outputs))
    return {
        product: {index: size / sum(sizes.values()) for index, size in sizes.items()}
        for product, sizes in groups.items()
    }

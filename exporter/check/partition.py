"""Partitions: runs of operators that one unit computes without handing over, as delegates cut a graph."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from portproof.device_profiles.op_rules.facts import TensorFacts
from portproof.exporter.check.operators import Operator

_BYTES = {"float32": 4, "int32": 4, "uint32": 4, "int64": 8, "float64": 8, "uint64": 8, "float16": 2, "int16": 2}


@dataclass(frozen=True, kw_only=True)
class Partition:
    """Operators that run on one unit one after the other.

    Attributes:
        on_unit: on the unit asked for, or on the CPU.
        members: indices of its operators.
    """

    on_unit: bool
    members: tuple[int, ...]


class Cuts:
    """The partitions of one graph; units that take the same operators cut it alike, which is done once.

    Args:
        operators: in order of execution.
    """

    def __init__(self, operators: Sequence[Operator]) -> None:
        self._operators = operators
        made_by = {name: index for index, one in enumerate(operators) for name in one.makes}
        self._needs = [{made_by[name] for name in one.reads if name in made_by} for one in operators]
        self._found: dict[tuple[bool, ...], tuple[Partition, ...]] = {}
        self._crossing: dict[tuple[Partition, ...], int] = {}

    def partitions(self, taken: Sequence[bool]) -> tuple[Partition, ...]:
        """As few runs as the order allows, on the unit and beside it by turns.

        As TensorFlow Lite does for delegates (`PartitionGraphIntoIndependentNodeSubsets`): each run takes every
        operator of its kind whose inputs are there, whatever its place in the file.

        Args:
            taken: whether the unit takes each operator.
        """
        key = tuple(taken)
        if key not in self._found:
            self._found[key] = _partitions(self._needs, key)
        return self._found[key]

    def crossing_bytes(self, found: tuple[Partition, ...]) -> int:
        """Bytes of the tensors that partitions hand over to each other in one run, each once for each reader's side.

        The model's own inputs and outputs are not counted: they come from outside in any case.
        """
        if found not in self._crossing:
            self._crossing[found] = _crossing_bytes(self._operators, found) if len(found) > 1 else 0
        return self._crossing[found]


def _partitions(needs: Sequence[set[int]], taken: Sequence[bool]) -> tuple[Partition, ...]:
    waiting, done, found = list(range(len(needs))), set[int](), list[Partition]()
    while waiting:
        kind: bool | None = None
        members: list[int] = []
        grew = True
        while grew:
            grew = False
            rest = []
            for index in waiting:
                ready = needs[index] <= done
                if ready and kind is None:
                    kind = taken[index]
                if ready and taken[index] == kind:
                    members.append(index)
                    done.add(index)
                    grew = True
                else:
                    rest.append(index)
            waiting = rest
        if not members:  # a cycle through a loop's body: the rest is one run
            members, kind, waiting = waiting, False, []
        found.append(Partition(on_unit=bool(kind), members=tuple(members)))
    return tuple(found)


def _crossing_bytes(operators: Sequence[Operator], found: Sequence[Partition]) -> int:
    place = {index: number for number, part in enumerate(found) for index in part.members}
    side = {index: part.on_unit for part in found for index in part.members}
    made = {tensor.name: (index, tensor) for index, one in enumerate(operators) for tensor in one.facts.outputs}
    handed: set[tuple[str, int]] = set()
    total = 0
    for index, one in enumerate(operators):
        for name in one.reads:
            if name not in made:
                continue
            maker, tensor = made[name]
            if side[maker] != side[index] and (name, place[index]) not in handed:
                handed.add((name, place[index]))
                total += bytes_of(tensor)
    return total


def bytes_of(tensor: TensorFacts) -> int:
    """The size of a tensor; sizes that are not known count as 1."""
    return math.prod(tensor.sizes) * _BYTES.get(tensor.dtype, 1)

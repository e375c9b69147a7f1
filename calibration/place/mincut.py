"""A minimum cut of a small directed graph: Dinic's algorithm, deterministic in the order of the edges."""

from collections import deque
from collections.abc import Hashable, Iterable
from typing import TypeAlias

Edge: TypeAlias = tuple[Hashable, Hashable, float]
_NOTHING = 1e-9


class _Flow:
    """Nodes by their numbers, those of `number`; -1 stands for no level."""

    def __init__(self, edges: Iterable[Edge], *first: Hashable) -> None:
        self.number: dict[Hashable, int] = {node: index for index, node in enumerate(first)}
        self.to: list[int] = []
        self.left: list[float] = []
        self.out: list[list[int]] = [[] for _ in first]
        for start, end, capacity in edges:
            self._add(self._numbered(start), self._numbered(end), capacity)

    def _numbered(self, node: Hashable) -> int:
        found = self.number.setdefault(node, len(self.out))
        if found == len(self.out):
            self.out.append([])
        return found

    def _add(self, start: int, end: int, capacity: float) -> None:
        self.out[start].append(len(self.to))
        self.out[end].append(len(self.to) + 1)
        self.to += (end, start)
        self.left += (capacity, 0.0)

    def levels(self, source: int) -> list[int]:
        """How many edges with room lead to each node; -1 for those that cannot be reached."""
        found, queue = [-1] * len(self.out), deque([source])
        found[source] = 0
        while queue:
            node = queue.popleft()
            for edge in self.out[node]:
                other = self.to[edge]
                if found[other] < 0 and self.left[edge] > _NOTHING:
                    found[other] = found[node] + 1
                    queue.append(other)
        return found

    def saturate(self, source: int, sink: int, levels: list[int]) -> None:
        """Push along shortest paths until none is left; a stack, for a graph may be as deep as a network."""
        following = [0] * len(self.out)
        path: list[int] = []
        node = source
        while True:
            if node == sink:
                self._push(path)
                path, node = [], source
                continue
            edge = self._next(node, levels, following)
            if edge is not None:
                path.append(edge)
                node = self.to[edge]
            elif path:
                node = self.to[path.pop() ^ 1]
                following[node] += 1
            else:
                return

    def _next(self, node: int, levels: list[int], following: list[int]) -> int | None:
        edges = self.out[node]
        while following[node] < len(edges):
            edge = edges[following[node]]
            if levels[self.to[edge]] == levels[node] + 1 and self.left[edge] > _NOTHING:
                return edge
            following[node] += 1
        return None

    def _push(self, path: list[int]) -> None:
        amount = min(self.left[edge] for edge in path)
        for edge in path:
            self.left[edge] -= amount
            self.left[edge ^ 1] += amount


def source_side(edges: Iterable[Edge], source: Hashable, sink: Hashable) -> set[Hashable]:
    """The nodes on the source's side of a cut of least capacity, the smallest such side.

    Args:
        edges: (from, to, capacity), capacities at least 0.
        source: where flow begins.
        sink: where it ends; no path of infinite capacity may lead there.
    """
    flow = _Flow(edges, source, sink)
    start, end = flow.number[source], flow.number[sink]
    while True:
        levels = flow.levels(start)
        if levels[end] < 0:
            return {node for node, index in flow.number.items() if levels[index] >= 0}
        flow.saturate(start, end, levels)

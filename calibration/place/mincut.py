"""A minimum cut of a small directed graph: Dinic's algorithm, deterministic in the order of the edges."""

from collections import deque
from collections.abc import Hashable, Iterable
from typing import TypeAlias

Edge: TypeAlias = tuple[Hashable, Hashable, float]
_NOTHING = 1e-9


class _Flow:
    def __init__(self, edges: Iterable[Edge]) -> None:
        self.to: list[Hashable] = []
        self.left: list[float] = []
        self.out: dict[Hashable, list[int]] = {}
        for start, end, capacity in edges:
            for node, other, room in ((start, end, capacity), (end, start, 0.0)):
                self.out.setdefault(node, []).append(len(self.to))
                self.to.append(other)
                self.left.append(room)

    def levels(self, source: Hashable) -> dict[Hashable, int]:
        """How many edges with room lead to each node that can be reached."""
        found, queue = {source: 0}, deque([source])
        while queue:
            node = queue.popleft()
            for edge in self.out.get(node, ()):
                other = self.to[edge]
                if self.left[edge] > _NOTHING and other not in found:
                    found[other] = found[node] + 1
                    queue.append(other)
        return found

    def saturate(self, source: Hashable, sink: Hashable, levels: dict[Hashable, int]) -> None:
        """Push along shortest paths until none is left; a stack, for a graph may be as deep as a network."""
        following = dict.fromkeys(self.out, 0)
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

    def _next(self, node: Hashable, levels: dict[Hashable, int], following: dict[Hashable, int]) -> int | None:
        edges = self.out[node]
        while following[node] < len(edges):
            edge = edges[following[node]]
            if self.left[edge] > _NOTHING and levels.get(self.to[edge]) == levels[node] + 1:
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
    flow = _Flow(edges)
    while True:
        levels = flow.levels(source)
        if sink not in levels:
            return set(levels)
        flow.saturate(source, sink, levels)

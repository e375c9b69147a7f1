"""Minimum cut of a small directed graph (Dinic's algorithm, without recursion)."""

from collections import deque

SOURCE, SINK = 0, 1


class FlowNetwork:
    """A directed graph with capacities; node 0 is the source, node 1 the sink.

    Args:
        size: how many nodes there are at first, source and sink included.
    """

    def __init__(self, size: int) -> None:
        self._edges: list[list[int]] = [[] for _ in range(size)]
        self._target: list[int] = []
        self._capacity: list[int] = []

    def add_node(self) -> int:
        """A new node's number."""
        self._edges.append([])
        return len(self._edges) - 1

    def add_edge(self, start: int, end: int, capacity: int) -> None:
        """An edge that is cut, at the price of `capacity`, when `start` is on the source's side and `end` is not."""
        for node, other, room in ((start, end, capacity), (end, start, 0)):
            self._edges[node].append(len(self._target))
            self._target.append(other)
            self._capacity.append(room)

    def minimum_cut(self) -> tuple[int, set[int]]:
        """The price of the cheapest cut, and the smallest sink side that has it."""
        flow = 0
        while (levels := self._levels()) is not None:
            position = [0] * len(self._edges)
            while pushed := self._augment(levels, position):
                flow += pushed
        return flow, self._sink_side()

    def _levels(self) -> list[int] | None:
        levels = [-1] * len(self._edges)
        levels[SOURCE] = 0
        queue = deque([SOURCE])
        while queue:
            node = queue.popleft()
            for edge in self._edges[node]:
                target = self._target[edge]
                if self._capacity[edge] and levels[target] < 0:
                    levels[target] = levels[node] + 1
                    queue.append(target)
        return levels if levels[SINK] >= 0 else None

    def _augment(self, levels: list[int], position: list[int]) -> int:
        """Pushes flow along one path of the level graph; 0 when none is left."""
        path: list[int] = []
        node = SOURCE
        while node != SINK:
            edge = self._advance(node, levels, position)
            if edge is not None:
                path.append(edge)
                node = self._target[edge]
            elif path:
                node = self._target[path.pop() ^ 1]
                position[node] += 1
            else:
                return 0
        room = min(self._capacity[edge] for edge in path)
        for edge in path:
            self._capacity[edge] -= room
            self._capacity[edge ^ 1] += room
        return room

    def _advance(self, node: int, levels: list[int], position: list[int]) -> int | None:
        edges = self._edges[node]
        while position[node] < len(edges):
            edge = edges[position[node]]
            if self._capacity[edge] and levels[self._target[edge]] == levels[node] + 1:
                return edge
            position[node] += 1
        return None

    def _sink_side(self) -> set[int]:
        """Nodes from which the sink can still be reached."""
        side = {SINK}
        queue = deque([SINK])
        while queue:
            node = queue.popleft()
            for edge in self._edges[node]:
                other = self._target[edge]
                if self._capacity[edge ^ 1] and other not in side:
                    side.add(other)
                    queue.append(other)
        return side

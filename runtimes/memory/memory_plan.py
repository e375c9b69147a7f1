"""What running a model file takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portproof.runtimes.memory.liveness import Buffer, Moment, arrange, extent, fullest
from portproof.runtimes.memory.sharing import Graph, buffers_of


@dataclass(frozen=True, kw_only=True)
class MemoryPlan:
    """Planned from the file, not measured; what kernels take for themselves on top is not in it.

    Attributes:
        weight_bytes: constants.
        least_bytes: tensors alive at the fullest moment: no runtime takes less.
        arena_bytes: one block that holds all tensors at their offsets, as a planner lays them out.
        moment: the fullest one.
        operator: what runs then; empty before the first.
        unknown: tensors whose size is known only when running; they are not counted.
    """

    weight_bytes: int
    least_bytes: int
    arena_bytes: int
    moment: Moment
    operator: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def peak_bytes(self) -> int:
        """Weights and the block together."""
        return self.weight_bytes + self.arena_bytes

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the tensors of the fullest moment by name and size."""
        return {
            "weight_bytes": self.weight_bytes,
            "arena_bytes": self.arena_bytes,
            "least_bytes": self.least_bytes,
            "peak_bytes": self.peak_bytes,
            "operator": self.operator,
            "alive": {buffer.name: buffer.size for buffer in self.moment.alive},
            "unknown": list(self.unknown),
        }


def planned(graph: Graph, operators: Sequence[str], *, weight_bytes: int, nested: Sequence[Buffer] = ()) -> MemoryPlan:
    """The plan of one function.

    Args:
        graph: its tensors.
        operators: what runs at each step, as a user knows it.
        weight_bytes: of the constants.
        nested: what functions inside of operators take, at the steps where they run.
    """
    buffers = [*buffers_of(graph), *nested]
    moment = fullest(buffers)
    return MemoryPlan(
        weight_bytes=weight_bytes,
        least_bytes=moment.size,
        arena_bytes=extent(buffers, arrange(buffers)),
        moment=moment,
        operator=operators[moment.step] if 0 <= moment.step < len(operators) else "",
        unknown=tuple(graph.unknown),
    )

"""Which tensors of a graph take memory of their own, and from when to when: the rules that planners share.

An input is held all along, an output from the step that writes it to the end, everything else to its last reader; what
nothing reads stays. An operator that leaves its data as they are hands on the memory of its argument; an elementwise
one may write its result over an argument of the same size that nothing else reads. The rules are those of LiteRT's
arena planner (tflite/arena_planner.cc), which ONNX Runtime's allocation planner has too.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from portproof.runtimes.memory.liveness import Buffer

_SCALAR_BYTES = 4
"""A tensor of so few bytes is not written over."""

Sharing = Literal["none", "same_data", "first", "first_two"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """An operator: the tensors it reads and writes, by name.

    Attributes:
        sharing: what its result may lie in: the memory of its first argument because the data are the same, or that
            of its first argument, or of one of the first two, which is written over.
    """

    inputs: Sequence[str]
    outputs: Sequence[str]
    sharing: Sharing = "none"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The tensors of a function.

    Attributes:
        steps: its operators in the order of execution.
        sizes: bytes of each tensor; None where they are known only when running.
        constants: tensors that stand in the file.
        inputs: of the function.
        outputs: of the function.
        variables: tensors that live from run to run.
    """

    steps: Sequence[Step]
    sizes: Mapping[str, int | None]
    constants: frozenset[str] = frozenset()
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    variables: Sequence[str] = field(default=())

    @cached_property
    def kept(self) -> frozenset[str]:
        """What is held to the end."""
        return frozenset((*self.inputs, *self.outputs, *self.variables))

    @cached_property
    def reads(self) -> Counter[str]:
        """How often a tensor is read, holding it to the end counted as once."""
        return Counter(name for step in self.steps for name in step.inputs) + Counter(self.kept)

    @property
    def unknown(self) -> list[str]:
        """Tensors of unknown size."""
        written = [*self.inputs, *(name for step in self.steps for name in step.outputs)]
        return [name for name in written if self.sizes.get(name) is None]


def buffers_of(graph: Graph) -> Iterator[Buffer]:
    """One for each tensor that is no constant, has a known size and memory of its own."""
    owner = _owners(graph)
    first, last = dict.fromkeys((*graph.inputs, *graph.variables), 0), dict[str, int]()
    for number, step in enumerate(graph.steps):
        for name in step.outputs:
            first.setdefault(owner.get(name, name), number)
        for name in step.inputs:
            last[owner.get(name, name)] = number
    end = len(graph.steps)
    for name, begin in first.items():
        size = graph.sizes.get(name)
        if name not in graph.constants and size is not None:
            until = end if name in graph.kept else last.get(name, end)
            yield Buffer(name=name, size=size, first=begin, last=until)


def _owners(graph: Graph) -> dict[str, str]:
    """Whose memory a tensor lies in, where it is not its own."""
    owner: dict[str, str] = {}
    for step in graph.steps:
        made = step.outputs[0] if step.outputs else ""
        tried = {"none": 0, "first_two": 2}.get(step.sharing, 1)
        source = next((name for name in step.inputs[:tried] if _can_hold(graph, name, made, step)), None)
        if source is None or made in graph.outputs:
            continue
        held = owner.get(source, source)
        if step.sharing == "same_data" or graph.reads[held] <= 1:
            owner[made] = held
    return owner


def _can_hold(graph: Graph, source: str, made: str, step: Step) -> bool:
    """Whether the memory of an argument can become that of the result."""
    size = graph.sizes.get(source)
    if source in graph.constants or source in graph.inputs or size is None or size != graph.sizes.get(made):
        return False
    return step.sharing == "same_data" or (graph.reads[source] == 1 and size > _SCALAR_BYTES)

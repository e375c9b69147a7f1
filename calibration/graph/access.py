"""What the passes share: constants read and written, values replaced, attributes with their defaults."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx_ir as ir


def constant(value: "ir.Value | None") -> NDArray[Any] | None:
    """The array of a value that is the same in every run (an initializer that no input overrides), or None."""
    if value is None or value.const_value is None or not value.is_initializer() or value.is_graph_input():
        return None
    return value.const_value.numpy()


def is_constant(value: "ir.Value | None") -> bool:
    """Whether `constant` would give an array; reads no weights."""
    return value is not None and value.const_value is not None and value.is_initializer() and not value.is_graph_input()


def add_constant(graph: "ir.Graph", array: NDArray[Any], name: str) -> "ir.Value":
    """A new initializer; its name is `name`, or the first of ``name_1``, ``name_2``, ... that is free."""
    import onnx_ir as ir

    unique = _free_name(graph, name)
    held = np.asarray(array, order="C")
    tensor = ir.Tensor(held, shape=ir.Shape(held.shape), name=unique)  # ir.tensor asks seven protocols first
    value = ir.Value(name=unique, shape=ir.Shape(array.shape), type=ir.TensorType(tensor.dtype), const_value=tensor)
    graph.register_initializer(value)
    return value


class _Names:
    """The names of a graph, while a pass runs that may add a constant for each of its nodes."""

    def __init__(self, graph: "ir.Graph") -> None:
        self.taken = names(graph)
        self.added: dict[str, int] = {}

    def add(self, name: str) -> str:
        unique, k = name, self.added.get(name, 0)
        while unique in self.taken:
            k += 1
            unique = f"{name}_{k}"
        self.added[name] = k
        self.taken.add(unique)
        return unique


_KEPT: "ContextVar[dict[ir.Graph, _Names] | None]" = ContextVar("_KEPT", default=None)


@contextmanager
def names_kept() -> Iterator[None]:
    """While the block runs `add_constant` collects a graph's names once, not each time.

    What a pass names itself in between must be of another pattern than its constants.
    """
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def free_name(graph: "ir.Graph", name: str) -> None:
    """Tell that no value has this name any more, and that a constant may have it."""
    kept = (_KEPT.get() or {}).get(graph)
    if kept is not None:
        kept.taken.discard(name)
        kept.added.pop(name, None)


def _free_name(graph: "ir.Graph", name: str) -> str:
    kept = _KEPT.get()
    if kept is None:
        return _Names(graph).add(name)
    if graph not in kept or (name in kept[graph].taken and name not in kept[graph].added):
        kept[graph] = _Names(graph)  # anew, where the name seems to be in use: it may be free by now
    return kept[graph].add(name)


def names(graph: "ir.Graph") -> set[str]:
    """All names of values in a graph and its subgraphs."""
    inside = {v.name or "" for node in graph.all_nodes() for v in node.outputs}
    bodies = {v.name or "" for body in graph.subgraphs() for v in (*body.inputs, *body.initializers.values())}
    return inside | bodies | {v.name or "" for v in (*graph.inputs, *graph.initializers.values())}


def shape_of(value: "ir.Value | None") -> tuple[int, ...] | None:
    """The shape of a value when all of it is known, else None."""
    if value is None or value.shape is None or not value.shape.is_static():
        return None
    return tuple(int(dim) for dim in value.shape)  # type: ignore[arg-type]


def feeds_only(value: "ir.Value") -> bool:
    """Whether a value has exactly one use, which is a node's input."""
    return len(value.uses()) == 1 and not value.is_graph_output()


def replace(old: "ir.Value", new: "ir.Value") -> bool:
    """Let `new` stand for `old` everywhere; False when the graph's signature forbids it.

    An output of the graph keeps its name: `new` takes it, unless `new` is itself an input, an output or a weight.
    """
    if old.is_graph_output():
        if new.is_graph_input() or new.is_graph_output() or new.is_initializer():
            return False
        if new.producer() is None or old.graph is not new.graph:
            return False
        name, old.name = old.name, None
        old.replace_all_uses_with(new, replace_graph_outputs=True)
        new.name = name
        new.shape, new.type = old.shape or new.shape, old.type or new.type
        return True
    old.replace_all_uses_with(new)
    return True


def take_over(node: "ir.Node", last: "ir.Node") -> None:
    """`node` now computes what `last` did, whose output it takes over with its name; `last` goes."""
    graph = last.graph
    value, old = node.outputs[0], last.outputs[0]
    name, shape, type_ = old.name, old.shape, old.type
    old.name = None
    old.replace_all_uses_with(value, replace_graph_outputs=True)
    value.name = name
    value.shape, value.type = shape or value.shape, type_ or value.type
    if graph is not None:
        graph.remove(last, safe=True)


def attribute(node: "ir.Node", name: str, default: Any) -> Any:
    """The value of an attribute, or its default."""
    found = node.attributes.get(name)
    return default if found is None else found.value


def nodes(model: "ir.Model", *op_types: str) -> "Iterator[ir.Node]":
    """The main graph's nodes of some standard operators (all when none is named); safe while nodes are removed."""
    for node in list(model.graph):
        if node.graph is not None and node.domain in ("", "ai.onnx") and (not op_types or node.op_type in op_types):
            yield node

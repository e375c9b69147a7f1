"""Hands a model on without its large weights: they go as inputs, by name, and are not copied."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from portproof.exporter.onnx_wire import DTYPES, LARGE_BYTES

if TYPE_CHECKING:
    import onnx_ir as ir

    Tensors = Mapping[str, ir.TensorProtocol]


@contextlib.contextmanager
def as_inputs(
    model: "ir.Model", *, at_least: int = LARGE_BYTES, any_type: bool = False
) -> "Iterator[dict[str, ir.TensorProtocol]]":
    """While the block runs, the large initializers of the main graph are inputs of it, behind its own.

    Gives their tensors by name. Types that numpy does not have stay in the model unless `any_type` is set, as do
    initializers that are inputs or outputs already. The model is as it was when the block ends.

    Args:
        model: what to take the weights out of.
        at_least: how many bytes a large one has.
        any_type: take every type.
    """
    graph = model.graph
    inputs, initializers = list(graph.inputs), list(graph.initializers.values())
    able = [value for value in initializers if _can_be_input(value, any_type=any_type)]
    large = [value for value in able if value.const_value is not None and value.const_value.nbytes >= at_least]
    try:
        for value in large:
            graph.initializers.pop(value.name or "")
            _declare(value)
        graph.inputs.extend(large)
        yield {value.name or "": value.const_value for value in large if value.const_value is not None}
    finally:
        graph.inputs[:] = inputs
        graph.initializers.clear()
        for value in initializers:
            graph.initializers.add(value)


def put_back(model: "ir.Model", tensors: "Tensors") -> None:
    """Make the inputs of these names initializers again, in a model that came of one that had them as inputs."""
    graph = model.graph
    returned = [value for value in graph.inputs if value.name in tensors]
    graph.inputs[:] = [value for value in graph.inputs if value.name not in tensors]
    for value in returned:
        value.const_value = tensors[value.name or ""]
        graph.register_initializer(value)


def _can_be_input(value: "ir.Value", *, any_type: bool) -> bool:
    if value.const_value is None or value.is_graph_input() or value.is_graph_output():
        return False
    return any_type or int(value.const_value.dtype) in DTYPES


def _declare(value: "ir.Value") -> None:
    """An input needs a type and a shape; an initializer has them in its tensor."""
    import onnx_ir as ir

    if value.const_value is not None:
        value.shape = value.shape or ir.Shape(value.const_value.shape.numpy())
        value.type = value.type or ir.TensorType(value.const_value.dtype)

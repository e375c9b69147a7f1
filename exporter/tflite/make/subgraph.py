"""Subgraphs that an operator runs: they see nothing of the graph around them but their operands."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import Item, flat, like
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.values import DOMAIN, array_of, constant, dtype_of, shape_of


class Operands:
    """What a subgraph reads of the graph around it: tensors of the run come in as its inputs, constants are its own.

    Args:
        items: of the graph around.

    Attributes:
        run_time: the operands to give to the operator, each once.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = list(items)
        self._tensors = flat(items)
        self.run_time = list(dict.fromkeys(value for value in self._tensors if array_of(value) is None))

    def parameters(self, name: str) -> tuple[list[ir.Value], list[Item]]:
        """New inputs of a subgraph, one for each of `run_time` (`name` and a number); `items` made of them."""
        inputs = [parameter(value, f"{name}{index}") for index, value in enumerate(self.run_time)]
        inside = dict(zip(self.run_time, inputs, strict=True))
        tensors = [inside[value] if value in inside else own(value) for value in self._tensors]
        return inputs, like(self._items, tensors)


def parameter(value: ir.Value, name: str) -> ir.Value:
    """An input of a subgraph that stands for `value`."""
    return ir.Value(name=name, shape=value.shape, type=value.type)


def own(value: ir.Value) -> ir.Value:
    """The same constant as a value of the subgraph."""
    array = array_of(value)
    return value if array is None else constant(np.asarray(array), value.name)


def closed_graph(b: Builder, name: str, inputs: Sequence[ir.Value], outputs: Sequence[ir.Value]) -> ir.Graph:
    """The subgraph of the nodes of `b`.

    What hangs on constants alone, an input given at another place or a value given twice is copied. An input given at
    its own place is not: a loop leaves it where it is.
    """
    given: list[ir.Value] = []
    computed = _computed(b.nodes, inputs)
    for index, value in enumerate(outputs):
        stays = index < len(inputs) and value is inputs[index]
        fresh = value if stays or (value in computed and value not in given) else _copy(b, value)
        fresh.name = fresh.name if stays else f"out{index}"
        given.append(fresh)
    return ir.Graph(inputs, given, nodes=b.nodes, opset_imports={DOMAIN: 1}, name=name)


def _computed(nodes: Sequence[ir.Node], inputs: Sequence[ir.Value]) -> set[ir.Value]:
    """What `nodes` compute from `inputs`."""
    late: set[ir.Value | None] = set(inputs)
    found: set[ir.Value] = set()
    for node in nodes:
        if not late.isdisjoint(node.inputs):
            late.update(node.outputs)
            found.update(node.outputs)
    return found


def _copy(b: Builder, value: ir.Value) -> ir.Value:
    """The same data in another tensor.

    By SLICE, which LiteRT always computes. RESHAPE, TILE and others it computes once where their operands are constant,
    into memory that it does not own; an IF that hands such an output on beside others frees it.
    """
    line = reshape(b, value, shape_of(value) or (1,))
    shape, dtype = shape_of(line), dtype_of(line)
    copy = b.emit("SLICE", [line, b.ints([0] * len(shape)), b.ints(shape)], shape=shape, dtype=dtype)
    return reshape(b, copy, shape_of(value))

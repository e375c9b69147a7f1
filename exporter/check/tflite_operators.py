"""The operators of a graph of the `tfl` dialect, as rules see them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.exporter.check.macs import tflite_macs
from portproof.exporter.check.operators import Operator, dtype_name, operator
from portproof.exporter.tflite.integer.record import quantization_of
from portproof.exporter.tflite.writer.versions import operator_version

_FEW = 64
"""Values of constants beyond that many are weights: rules do not look at them."""


def operators_of(graph: ir.Graph) -> list[Operator]:
    """The operators in order of execution; those that a WHILE or an IF runs come in front of it.

    Args:
        graph: nodes of domain `tfl` only, in the form that is written.
    """
    tensors = _Tensors()
    return [_operator(node, inside, tensors) for node, inside in _nodes(graph)]


def _nodes(graph: ir.Graph, inside: str = "") -> Iterator[tuple[ir.Node, str]]:
    """Nodes, each with the operator in whose body it stands."""
    for node in graph:
        for attribute in node.attributes.values():
            if attribute.type == ir.AttributeType.GRAPH:
                yield from _nodes(attribute.as_graph(), inside or node.op_type)
        yield node, inside


class _Tensors:
    """Values as rules see them, each looked at once, with names of their own: values have none, or several the same."""

    def __init__(self) -> None:
        self._known: dict[ir.Value, TensorFacts] = {}
        self._taken: set[str] = set()
        self._used: dict[str, int] = {}

    def __call__(self, value: ir.Value) -> TensorFacts:
        if value not in self._known:
            self._known[value] = _tensor(value, self._name(value))
        return self._known[value]

    def _name(self, value: ir.Value) -> str:
        maker = value.producer()
        base = value.name or (maker.op_type.lower() if maker is not None else "constant")
        name, k = base, self._used.get(base, 0)
        while name in self._taken:
            k += 1
            name = f"{base}_{k}"
        self._used[base] = k
        self._taken.add(name)
        return name


def _operator(node: ir.Node, inside: str, tensors: _Tensors) -> Operator:
    named = tensors(node.outputs[0]).name if node.outputs else node.op_type.lower()  # before what it reads
    facts = OpFacts(
        dialect="tflite",
        op=node.op_type,
        name=named,
        inputs=tuple(None if value is None else tensors(value) for value in node.inputs),
        outputs=tuple(tensors(value) for value in node.outputs),
        attributes={
            name: attribute.value
            for name, attribute in node.attributes.items()
            if attribute.type not in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)
        },
        version=operator_version(node),
        inside=inside,
    )
    return operator(facts, node, tflite_macs(facts))


def _tensor(value: ir.Value, name: str) -> TensorFacts:
    quantization = quantization_of(value)
    return TensorFacts(
        name=name,
        shape=_shape(value),
        dtype=dtype_name(value.dtype),
        constant=value.const_value is not None,
        values=_values(value),
        scales=() if quantization is None else quantization.scales,
        zero_points=() if quantization is None else quantization.zero_points,
        axis=0 if quantization is None else quantization.axis,
    )


def _shape(value: ir.Value) -> tuple[int | None, ...] | None:
    if value.shape is None:
        return None
    return tuple(int(size) if isinstance(size, int) else None for size in value.shape)


def _values(value: ir.Value) -> tuple[float, ...]:
    held: Any = value.const_value
    if held is None or held.size > _FEW:
        return ()
    return tuple(np.asarray(held.numpy()).reshape(-1).tolist())

"""ONNX nodes to a Core AI graph, one after the other."""

import inspect
from collections.abc import Callable, Sequence
from types import GenericAlias
from typing import Annotated, Any

import numpy as np
import onnx_ir as ir

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.coreai.builder import Builder, computed
from portproof.exporter.coreai.parts import by_parts
from portproof.exporter.coreai.registry import find
from portproof.exporter.coreai.tensors import Tensor, constant
from portproof.exporter.lowering.binding import bind
from portproof.exporter.lowering.messages import refused_node
from portproof.exporter.lowering.refusal import Refusal, UnknownShape
from portproof.exporter.lowering.registry import call
from portproof.exporter.provenance import where

FUNCTION = "main"
_WORDS = {"target": "coreai", "format_name": "Core AI"}
_KINDS = "fiub"


class _Name(str):
    """The name of an input: Core AI takes those of Python parameters, and needs no identifiers itself."""

    __slots__ = ()

    def isidentifier(self) -> bool:
        return True


def lower(model: ir.Model) -> Any:
    """A Core AI module for an ONNX model, with the one graph `FUNCTION`; nothing in it tells where it was built.

    Args:
        model: with functions inlined and all shapes known.

    Returns:
        `coreai.authoring.Module`. Names, order and types of its inputs and outputs are the model's.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED`` with one message for each node, input or output that cannot be written.
    """
    from coreai.authoring import Context, DebugInfo, Module, graph

    model = by_parts(model)
    inputs = [value for value in model.graph.inputs if not value.is_initializer()]
    _check_ends(inputs, model.graph.outputs)

    def build(*values: Any) -> tuple[Any, ...]:
        lowering = Lowering(Builder(model.opset_imports.get("", 1)))
        lowering.values.update(zip(inputs, map(computed, values), strict=True))
        return lowering.graph(model.graph)

    with Context():
        with DebugInfo.file("portproof", 1).activate():
            module = Module.create()
        with module:
            graph(_function(build, inputs, model.graph.outputs))
    return module


def _function(build: Callable[..., Any], inputs: Sequence[ir.Value], outputs: Sequence[ir.Value]) -> Callable[..., Any]:
    """A function of the signature that Core AI reads names and types from, in a file that has no path."""

    def function(*values: Any) -> Any:
        return build(*values)

    made: Any = function
    names = [_Name(value.name) for value in inputs]
    only = inspect.Parameter.POSITIONAL_ONLY
    made.__name__ = FUNCTION
    made.__code__ = function.__code__.replace(co_filename="portproof", co_firstlineno=1)
    made.__annotations__ = {name: _type(value) for name, value in zip(names, inputs, strict=True)}
    made.__annotations__["return"] = GenericAlias(tuple, tuple(_type(value) for value in outputs))
    made.__signature__ = inspect.Signature([inspect.Parameter(name, only) for name in names])
    return function


def _type(value: ir.Value) -> Any:
    """What `graph` wants an input or output to be annotated with."""
    from coreai.authoring import TensorType, Value

    shape = () if value.shape is None else tuple(value.shape.numpy())
    dtype = np.dtype(ir.DataType(value.dtype or 0).numpy())
    return Annotated[Value, TensorType(shape, dtype.type, name=value.name)]


def _check_ends(inputs: Sequence[ir.Value], outputs: Sequence[ir.Value]) -> None:
    wrong = [_wrong_end("input", value) for value in inputs] + [_wrong_end("output", value) for value in outputs]
    messages = [message for message in wrong if message is not None]
    if not inputs:
        messages.append(Message(code="E-OP-UNSUPPORTED", what="a model without inputs cannot be written in Core AI"))
    if messages:
        raise PortproofError.of(messages)


def _wrong_end(kind: str, value: ir.Value) -> Message | None:
    why = ""
    if value.dtype is None or value.dtype.numpy().kind not in _KINDS:
        why = f"its type {value.dtype} is no tensor of numbers or truth values"
    elif value.shape is None or not value.shape.is_static():
        why = f"its shape {value.shape} is not known"
    if not why:
        return None
    what = f"{kind} {value.name} cannot be written in Core AI"
    return Message(code="E-OP-UNSUPPORTED", what=what, why=why, hint="declare the sizes with --input")


class Lowering:
    """Lowers a graph into a builder.

    Attributes:
        values: what the ONNX values have become.
        refusals: what could not be written, so far.
    """

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.values: dict[ir.Value, Tensor] = {}
        self.refusals: list[Message] = []
        self._refused: set[ir.Value | None] = set()

    def graph(self, graph: ir.Graph) -> tuple[Any, ...]:
        """Lowers all nodes and gives the outputs.

        Raises:
            PortproofError: ``E-OP-UNSUPPORTED`` with one message for each node that cannot be written.
        """
        for node in graph:
            self._node(node)
        if self.refusals:
            raise PortproofError.of(self.refusals)
        return tuple(self.builder.value(self._value(value)) for value in graph.outputs)

    def _value(self, value: ir.Value) -> Tensor:
        if value in self._refused:
            raise UnknownShape(f"{value.name} comes out of a node that cannot be written")
        if value not in self.values:
            tensor = ir.convenience.get_const_tensor(value)
            if tensor is None:
                raise Refusal(f"value {value.name} comes from outside the graph")
            array = tensor.numpy()
            if array.dtype.kind not in _KINDS:
                raise Refusal(f"a constant has the type {array.dtype}")
            self.values[value] = constant(array)
        return self.values[value]

    def _node(self, node: ir.Node) -> None:
        self.builder.source = node
        try:
            for output, result in zip(node.outputs, self._handle(node), strict=False):
                _check(node, output, result)
                self.values[output] = result
        except Refusal as refusal:
            if not (isinstance(refusal, UnknownShape) and self._refused.intersection(node.inputs)):
                self.refusals.append(refused_node(node, refusal, **_WORDS))
            self._refused.update(node.outputs)

    def _handle(self, node: ir.Node) -> Sequence[Tensor]:
        entry = find(node.domain, node.op_type, self.builder.opset if node.domain in ("", "ai.onnx") else 1)
        if entry is None:
            raise Refusal("no lowering to Core AI is written for it", "write tflite, coreml or onnx")
        attributes = bind(node, entry, self.builder.opset)
        inputs = [None if value is None else self._value(value) for value in node.inputs]
        results = call(entry, self.builder, inputs, attributes)
        return results if isinstance(results, list | tuple) else [results]


def _check(node: ir.Node, output: ir.Value, result: Tensor) -> None:
    """A handler that got shape or type wrong is a defect of ours."""
    wanted = np.dtype(output.dtype.numpy()) if output.dtype is not None else result.dtype
    shape = output.shape
    sizes = tuple(shape.numpy()) if shape is not None and shape.is_static() else result.shape
    if result.dtype != wanted or result.shape != sizes:
        raise PortproofError(
            "E-INTERNAL",
            f"{node.op_type} was lowered to {result.dtype} {result.shape}, ONNX says {wanted} {sizes}",
            where=where(node),
        )

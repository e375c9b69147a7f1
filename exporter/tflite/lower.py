"""ONNX nodes to nodes of the `tfl` dialect, literally: every tensor keeps ONNX's axes, transposes are spelt out.

What the handlers write is right as it stands and slow; the passes behind it make it fast without changing it.
"""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.lowering.binding import bind
from portproof.exporter.lowering.messages import no_tensor, refused_node
from portproof.exporter.lowering.refusal import Refusal, RefusedInside, UnknownShape
from portproof.exporter.provenance import where
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.dynamic import is_known, unknown_shape
from portproof.exporter.tflite.integer.lowering import mark_inputs
from portproof.exporter.tflite.items import Item, Nothing, TensorList
from portproof.exporter.tflite.parts import by_parts
from portproof.exporter.tflite.registry import call, find
from portproof.exporter.tflite.unsupported import hint, reason
from portproof.exporter.tflite.values import DOMAIN, array_of, dtype_of, shape_of


def lower(model: ir.Model) -> ir.Model:
    """A new model whose nodes are all of domain `tfl`; weights are shared with `model`, not copied.

    Args:
        model: an ONNX model with static shapes known for every value and functions inlined.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED`` with one message for each node that cannot be written.
    """
    model = by_parts(model)
    return _Lowering(model, Builder(model.opset_imports.get("", 1))).run()


def lower_into(b: Builder, model: ir.Model, arguments: Sequence[Item]) -> list[Item]:
    """Lowers the nodes of `model` in place of the node being lowered: its inputs are `arguments`.

    Args:
        b: gets the nodes.
        model: the body of an If, Loop or Scan as a model of its own, whose inputs have the shapes of `arguments`.
        arguments: of the graph around.

    Returns:
        The outputs of `model`, which may be arguments or constants.

    Raises:
        RefusedInside: with one message for each node that cannot be written.
    """
    source, lookup = b.source, b.lookup
    try:
        return _Lowering(by_parts(model), b).run_with(arguments)
    finally:
        b.source, b.lookup = source, lookup


class _Lowering:
    def __init__(self, model: ir.Model, builder: Builder) -> None:
        self.model = model
        self.opset = model.opset_imports.get("", 1)
        self.builder = builder
        self.builder.lookup = self._value
        self.values: dict[ir.Value, Item] = {}
        self.refusals: list[Message] = []
        self.refused: set[ir.Value | None] = set()

    def run(self) -> ir.Model:
        graph = self.model.graph
        inputs = [ir.Value(name=value.name, shape=value.shape, type=value.type) for value in graph.inputs]
        mark_inputs(graph.inputs, inputs)
        self.refusals += [
            no_tensor("input", value.name, target="tflite", format_name="TFLite")
            for value in graph.inputs
            if not _is_tensor(value)
        ]
        self.refused.update(value for value in graph.inputs if not _is_tensor(value))
        results = self._nodes(inputs)
        self.refusals += [
            no_tensor("output", value.name, target="tflite", format_name="TFLite")
            for value, item in results.items()
            if not _is_tensor(item)
        ]
        if self.refusals:
            raise PortproofError.of(self.refusals)
        items = [(value, results[value]) for value in graph.outputs]
        outputs = [self._output(value, item) for value, item in items if isinstance(item, ir.Value)]
        lowered = ir.Graph(inputs, outputs, nodes=self.builder.nodes, opset_imports={DOMAIN: 1}, name=graph.name)
        return ir.Model(lowered, ir_version=10)

    def run_with(self, arguments: Sequence[Item]) -> list[Item]:
        results = self._nodes(arguments)
        if self.refusals:
            raise RefusedInside(self.refusals)
        return [results[value] for value in self.model.graph.outputs]

    def _nodes(self, arguments: Sequence[Item]) -> dict[ir.Value, Item]:
        """Lowers all nodes; the outputs, without those that refused nodes make."""
        graph = self.model.graph
        self.values.update(zip(graph.inputs, arguments, strict=True))
        for node in graph:
            self._node(node)
        return {value: self._value(value) for value in graph.outputs if value not in self.refused}

    def _node(self, node: ir.Node) -> None:
        self.builder.source = node
        emitted = len(self.builder.nodes)
        try:
            results = self._handle(node)
        except Refusal as refusal:
            if isinstance(refusal, RefusedInside):
                self.refusals.extend(refusal.messages)
            elif not (isinstance(refusal, UnknownShape) and self.refused.intersection(node.inputs)):
                self.refusals.append(refused_node(node, refusal, target="tflite", format_name="TFLite"))
            self.refused.update(node.outputs)
            del self.builder.nodes[emitted:]
            results = []
        for output, result in zip(node.outputs, [*results, *[None] * len(node.outputs)], strict=False):
            self.values[output] = _checked(node, output, result) if result is not None else _unknown(output)

    def _handle(self, node: ir.Node) -> Sequence[Item | None]:
        entry = find(node.domain, node.op_type, self.opset if node.domain in ("", "ai.onnx") else 1)
        if entry is None:
            raise Refusal(reason(node.op_type) or "no lowering to TFLite is written for it", hint(node.op_type))
        attributes = bind(node, entry, self.opset)
        inputs = [None if value is None else self._value(value) for value in node.inputs]
        # Outputs may have no shape in ONNX (its inference knows none for GroupNormalization): the handler's counts.
        results = call(entry, self.builder, inputs, attributes)
        return [results] if isinstance(results, ir.Value | TensorList | Nothing) else results

    def _value(self, value: ir.Value) -> Item:
        if value not in self.values:
            if value.const_value is None:
                raise Refusal(f"value {value.name} comes from outside the graph")
            self.values[value] = ir.Value(
                name=value.name, shape=value.shape, type=value.type, const_value=value.const_value
            )
        found = self.values[value]
        if isinstance(found, ir.Value) and found.name and not is_known(found):
            raise unknown_shape(value)
        return found

    def _output(self, value: ir.Value, found: ir.Value) -> ir.Value:
        """The value under the output's own name; an input or a constant given back goes through a copy."""
        if found.producer() is None or found.name != value.name:
            self.builder.source = None
            found = _copy(self.builder, found)
            found.name = value.name
        return found


def _checked(node: ir.Node, output: ir.Value, result: Item) -> Item:
    """`result`, named after the ONNX value; a handler that got shape or type wrong is a defect of ours."""
    if not isinstance(result, ir.Value):
        return result
    if result.shape != output.shape and output.shape is not None and output.shape.is_static():
        raise PortproofError(
            "E-INTERNAL",
            f"{node.op_type} was lowered to shape {shape_of(result)}, ONNX says {shape_of(output)}",
            where=where(node),
        )
    if output.dtype is not None and result.dtype != output.dtype:
        raise PortproofError(
            "E-INTERNAL",
            f"{node.op_type} was lowered to type {result.dtype}, ONNX says {output.dtype}",
            where=where(node),
        )
    if result.producer() is not None and result.name is None:
        result.name = output.name
    return result


def _copy(b: Builder, value: ir.Value) -> ir.Value:
    """The same data in another tensor."""
    shape, dtype = shape_of(value), dtype_of(value)
    if array_of(value) is not None and 0 in shape:  # LiteRT hands out neither an empty constant nor a RESHAPE of one
        full = b.const(np.zeros([max(size, 1) for size in shape], dtype))
        return b.emit("SLICE", [full, b.ints([0] * len(shape)), b.ints(shape)], shape=shape, dtype=dtype)
    return b.emit("RESHAPE", [value, b.ints(shape)], shape=shape, dtype=dtype, new_shape=list(shape))


def _unknown(output: ir.Value) -> ir.Value:
    """Stands for the output of a refused node, so that the refusals behind it are found too."""
    return ir.Value(name=output.name, shape=output.shape, type=output.type)


def _is_tensor(item: Item) -> bool:
    return isinstance(item, ir.Value) and (item.type is None or isinstance(item.type, ir.TensorType))

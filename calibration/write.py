"""A plan written as ONNX: QuantizeLinear/DequantizeLinear pairs, int8 weights, int32 biases."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.graph import provenance
from portproof.calibration.graph.access import add_constant, constant, is_constant, names_kept
from portproof.calibration.place.sites import operands
from portproof.calibration.plan import Encoding, Layer, LayerWeights, Plan

if TYPE_CHECKING:
    import onnx_ir as ir


def write(model: "ir.Model", plan: Plan) -> "ir.Model":
    """The quantized model of a plan; `model` (the prepared float model) stays as it is.

    Values keep their names: what a node makes has its own, what is read through a pair ends in ``_dequantized``. An
    output of the graph keeps its name behind its pair; the value before it ends in ``_raw``.
    """
    copy = model.clone()
    with names_kept():
        _Writer(copy, plan).write()
    return copy


def reads(model: "ir.Model") -> Mapping[str, str]:
    """Of a written model: the name that a value is read by behind its pair, by the value's own name."""
    found = {}
    for node in model.graph:
        if node.op_type == "DequantizeLinear" and node.inputs[0] is not None:
            before = node.inputs[0].producer()
            if before is not None and before.op_type in _ROUNDS and before.inputs[0] is not None:
                found[before.inputs[0].name or ""] = node.outputs[0].name or ""
    return found


_ROUNDS = ("QuantizeLinear", "DynamicQuantizeLinear")
# What ONNX Runtime takes a DequantizeLinear past (QDQPropagation). From opset 21 on it says the type of the pair that
# it leaves behind, turns int8 into uint8 on x86 and forgets to say so: 1.31 refuses the model. A pair that is there
# already it leaves alone.
_PASSED, _TYPE_SAID = frozenset({"MaxPool", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"}), 21


class _Writer:
    def __init__(self, model: "ir.Model", plan: Plan) -> None:
        self.model, self.graph, self.plan = model, model.graph, plan
        self.nodes = {node.name or "": node for node in model.graph}
        self.dynamic: dict[ir.Value, ir.Value] = {}
        self.values = {value.name or "": value for value in _values(model)}

    def write(self) -> None:
        for name in self.plan.weights:
            self._layer(self.plan.layers[name], self.plan.weights[name])
        for name in sorted(self.plan.half):
            self._half(self.plan.layers[name])
        for name, rows in self.plan.tables.items():
            self._table(self.values[name], rows)
        for name, encoding in self.plan.activations.items():
            value = self.values[name]
            if is_constant(value):
                self._constant(value, encoding)
            else:
                self._pair(value, encoding)
        for name in [name for name, value in self.graph.initializers.items() if not value.uses()]:
            if not self.graph.initializers[name].is_graph_output():
                del self.graph.initializers[name]

    def _pair(self, value: "ir.Value", encoding: Encoding, *, made: bool = False) -> None:
        """Q and DQ behind a value; all its readers read through them where it is `made` in integers."""
        maker = value.producer()
        made = made or (maker is not None and maker.name in self.plan.integer)
        name = value.name or ""
        scale, zero_point = self._parameters(name, encoding)
        quantize = _node("QuantizeLinear", [value, scale, zero_point], f"{name}_quantized", like=value)
        dequantize = _node("DequantizeLinear", [quantize.outputs[0], scale, zero_point], f"{name}_dequantized", value)
        for node, index in _uses(value):
            if node is not quantize and (made or self._is_integer_read(node, value)):
                node.replace_input_with(index, dequantize.outputs[0])
        self._insert(maker, [quantize, dequantize])
        if made and value.is_graph_output():
            _hand_over(self.graph, value, dequantize.outputs[0])
        if self.graph.opset_imports.get("", 0) >= _TYPE_SAID:
            self._pairs_behind_movement(dequantize.outputs[0], encoding)

    def _pairs_behind_movement(self, value: "ir.Value", encoding: Encoding) -> None:
        """Float movement of a pair's value has a pair of the same scale, which changes no number: see `_PASSED`."""
        for node, index in _uses(value):
            moved = node.outputs[0]
            fixed = node.name in self.plan.integer or moved.name in self.plan.activations
            if node.graph is self.graph and node.op_type in _PASSED and index == 0 and not fixed:
                self._pair(moved, encoding, made=True)

    def _is_integer_read(self, node: "ir.Node", value: "ir.Value") -> bool:
        return node.graph is self.graph and node.name in self.plan.integer and value in operands(node)

    def _constant(self, value: "ir.Value", encoding: Encoding) -> None:
        """A constant operand becomes integers and a DequantizeLinear for its integer readers."""
        readers = [(node, index) for node, index in _uses(value) if self._is_integer_read(node, value)]
        array = constant(value)
        if array is None or not readers:
            return
        name = value.name or ""
        integers = add_constant(self.graph, encoding.quantize(array), f"{name}_integers")
        node = _node("DequantizeLinear", [integers, *self._parameters(name, encoding)], f"{name}_dequantized", value)
        for reader, index in readers:
            reader.replace_input_with(index, node.outputs[0])
        self._insert(None, [node])

    def _layer(self, layer: Layer, weights: LayerWeights) -> None:
        node = self.nodes[layer.name]
        weight = self._dequantized(layer.weight, weights.integers, weights.scale, weights, node)
        node.replace_input_with(1, weight)
        if layer.name in self.plan.dynamic:
            self._quantized_when_running(node)
        if weights.bias is not None:
            self._bias(layer, weights, weights.bias, node)

    def _half(self, layer: Layer) -> None:
        """A weight in float16, and the Cast in front of its layer: runtimes widen it once, when they load the file."""
        node, array = self.nodes[layer.name], constant(self.values[layer.weight])
        if array is None:
            return
        import onnx_ir as ir

        held = add_constant(self.graph, array.astype(np.float16), f"{layer.weight}_half")
        cast = ir.node("Cast", [held], {"to": ir.DataType.FLOAT.value}, name=f"{layer.name}_{layer.weight}_widened")
        cast.outputs[0].name = f"{layer.name}_{layer.weight}_widened"
        cast.outputs[0].shape, cast.outputs[0].type = held.shape, self.values[layer.weight].type
        provenance.inherit(cast, node)
        self.graph.insert_before(node, cast)
        node.replace_input_with(1, cast.outputs[0])

    def _table(self, table: "ir.Value", rows: LayerWeights) -> None:
        """Every node that takes rows reads the one table behind its DequantizeLinear."""
        uses = _uses(table)
        value = self._dequantized(table.name or "", rows.integers, rows.scale, rows, uses[0][0])
        for node, index in uses:
            node.replace_input_with(index, value)
        maker = value.producer()
        if maker is not None:  # in front of all readers, whatever their order
            self.graph.remove(maker)
            self.graph.insert_before(self.graph[0], maker)

    def _quantized_when_running(self, node: "ir.Node") -> None:
        """DynamicQuantizeLinear and DequantizeLinear in front of a layer; layers that read one value share them."""
        value = node.inputs[0]
        if value is None:
            return
        if value not in self.dynamic:
            import onnx_ir as ir

            name = value.name or ""
            # Names of their own: integer nodes may read the same value through a pair with a fixed scale.
            parts = [f"{name}_dynamic{part}" for part in ("", "_scale", "_zero_point")]
            quantize = ir.node("DynamicQuantizeLinear", [value], num_outputs=3, name=parts[0])
            for output, part in zip(quantize.outputs, parts, strict=True):
                output.name = part
            dequantize = _node("DequantizeLinear", quantize.outputs, f"{name}_dynamic_dequantized", value)
            self._insert(value.producer(), [quantize, dequantize])
            self.dynamic[value] = dequantize.outputs[0]
        node.replace_input_with(0, self.dynamic[value])

    def _bias(self, layer: Layer, weights: LayerWeights, bias: NDArray[np.float32], node: "ir.Node") -> None:
        read = self.plan.activations.get(layer.input)
        name = layer.bias or f"{layer.weight}_bias"
        if layer.name in self.plan.integer and read is not None:
            integers, scale = bias_integers(layer, weights, read)
            value = self._dequantized(name, integers, scale, None, node)
        else:
            value = add_constant(self.graph, bias, f"{name}_corrected")
        if layer.op_type != "MatMul":
            node.resize_inputs(3)
            node.replace_input_with(2, value)
            return
        add = self.values[layer.output].producer()
        old = self.values.get(layer.bias)
        for index, operand in enumerate(add.inputs if add is not None else ()):
            if add is not None and operand is old:
                add.replace_input_with(index, value)

    def _dequantized(
        self,
        name: str,
        integers: "NDArray[np.int8] | NDArray[np.int32]",
        scale: NDArray[np.float32],
        weights: LayerWeights | None,
        reader: "ir.Node",
    ) -> "ir.Value":
        """Constant integers and the DequantizeLinear in front of one reader."""
        axis = 0 if weights is None else weights.axis
        held = add_constant(self.graph, integers, f"{name}_integers")
        step = add_constant(self.graph, scale, f"{name}_scale")
        zero = add_constant(self.graph, np.zeros(scale.shape, integers.dtype), f"{name}_zero_point")
        node = _node("DequantizeLinear", [held, step, zero], f"{reader.name}_{name}_dequantized", None, axis=axis)
        node.outputs[0].shape, node.outputs[0].type = held.shape, step.type
        provenance.inherit(node, reader)
        self.graph.insert_before(reader, node)
        return node.outputs[0]

    def _parameters(self, name: str, encoding: Encoding) -> "tuple[ir.Value, ir.Value]":
        scale = add_constant(self.graph, np.asarray(encoding.scale, np.float32), f"{name}_scale")
        zero = add_constant(self.graph, np.asarray(encoding.zero_point, encoding.dtype), f"{name}_zero_point")
        return scale, zero

    def _insert(self, after: "ir.Node | None", nodes: "list[ir.Node]") -> None:
        if after is not None:
            for node in nodes:
                provenance.inherit(node, after)
            self.graph.insert_after(after, nodes)
        else:
            self.graph.insert_before(self.graph[0], nodes)


def bias_integers(layer: Layer, weights: LayerWeights, read: Encoding) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """A bias in steps of input scale x weight scale, and these steps, both [C]."""
    scale = np.float32(read.scale) * weights.scale.reshape(-1).astype(np.float32)
    if layer.op_type == "ConvTranspose":
        scale = np.tile(scale, layer.group)
    bias = np.zeros(scale.shape, np.float32) if weights.bias is None else weights.bias
    most = np.iinfo(np.int32)
    steps = np.rint(bias.astype(np.float64) / scale)
    return np.clip(steps, most.min, most.max).astype(np.int32), scale


def _node(op_type: str, inputs: "Iterable[ir.Value]", name: str, like: "ir.Value | None", axis: int = -1) -> "ir.Node":
    import onnx_ir as ir

    given = list(inputs)
    node = ir.node(op_type, given, {"axis": axis} if axis >= 0 else {}, name=name)
    output = node.outputs[0]
    output.name = name
    if like is not None:
        output.shape = like.shape
        output.type = like.type if op_type == "DequantizeLinear" else given[2].type
    return node


def _uses(value: "ir.Value") -> "list[tuple[ir.Node, int]]":
    return [(use.node, use.idx) for use in value.uses()]


def _hand_over(graph: "ir.Graph", value: "ir.Value", behind: "ir.Value") -> None:
    """An output of the graph is now what lies behind its pair, under the output's name."""
    name = value.name
    value.name = f"{name}_raw"
    behind.name = name
    graph.outputs[:] = [behind if output is value else output for output in graph.outputs]


def _values(model: "ir.Model") -> "Iterable[ir.Value]":
    yield from model.graph.inputs
    yield from model.graph.initializers.values()
    for node in model.graph:
        yield from node.outputs

"""Data is moved as integers: DEQUANTIZE goes behind, and QUANTIZE in front of, what only moves."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.kernels import MOVES, pays
from portproof.exporter.tflite.integer.pairs import only_moves
from portproof.exporter.tflite.integer.record import Quantization, copy_quantization, quantization_of, set_quantization
from portproof.exporter.tflite.passes.graph import NodePass, bypass, only_use, producer_of
from portproof.exporter.tflite.values import DOMAIN, constant, dtype_of, is_run_time


class SinkDequantize(NodePass):
    """Moves the integers.

    Given::

        RESHAPE(DEQUANTIZE(q[int8]))

    Result::

        DEQUANTIZE(RESHAPE(q[int8]))

    Of several operands all must have the same parameters. The numbers are the same to the bit: a move copies, and the
    integer kernels of PAD fill with the zero point.
    """

    ops = frozenset(MOVES)

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Where the integer kernel is there, and is the faster one."""
        if not _moves_data(node):
            return False
        indices = data_indices(node)
        sources = [producer_of(node.inputs[index], "DEQUANTIZE") for index in indices]
        integers = [source.inputs[0] for source in sources if source is not None]
        first = integers[0] if integers else None
        if first is None or len(integers) != len(indices) or not is_run_time(first) or not _pays(node, first):
            return False
        if any(not alike(first, value) for value in integers) or not _fill_value(node, first):
            return False
        for index, value in zip(indices, integers, strict=True):
            node.replace_input_with(index, value)
        for output in node.outputs:
            behind(graph, node, output, first)
        return True


class HoistQuantize(NodePass):
    """Quantizes in front of a move, where an operator may give integers at once.

    Given::

        QUANTIZE(RESHAPE(FULLY_CONNECTED(x, w, b)))

    Result::

        RESHAPE(QUANTIZE(FULLY_CONNECTED(x, w, b)))

    Nobody else may read what is moved.
    """

    ops = frozenset({"QUANTIZE"})

    def visit(self, graph: ir.Graph, node: ir.Node) -> bool:
        """Swaps `node` with the move in front of it."""
        value, result = node.inputs[0], node.outputs[0]
        move = value.producer() if value is not None else None
        if value is None or move is None or not _moves_data(move) or len(move.outputs) != 1:
            return False
        if only_use(value) is not node or dtype_of(value) != np.float32 or not _pays(move, result):
            return False
        if not _fill_value(move, result):
            return False
        for index in data_indices(move):
            _quantize_operand(graph, move, index, result)
        value.type = result.type
        copy_quantization(result, value)
        return bypass(graph, node, value)


def data_indices(node: ir.Node) -> list[int]:
    """Which inputs of a mover hold the data."""
    data = MOVES[node.op_type].data
    return list(range(len(node.inputs)) if data is None else data)


def alike(one: ir.Value, other: ir.Value | None) -> bool:
    """Whether the integers of two tensors stand for the same numbers."""
    return other is not None and other.dtype == one.dtype and quantization_of(other) == quantization_of(one) is not None


def behind(graph: ir.Graph, node: ir.Node, output: ir.Value, like: ir.Value) -> None:
    """Makes `output` integers as those of `like`; what has read it reads it dequantized."""
    real = ir.Value(shape=output.shape, type=output.type)
    ends = [index for index, value in enumerate(graph.outputs) if value is output]
    for index in ends:
        graph.outputs[index] = real
    if ends:
        real.name, output.name = output.name, None
    ir.convenience.replace_all_uses_with(output, real)
    output.type = like.type
    copy_quantization(like, output)
    after = ir.Node(DOMAIN, "DEQUANTIZE", [output], outputs=[real])
    after.metadata_props.update(node.metadata_props)
    graph.insert_after(node, after)


def _moves_data(node: ir.Node) -> bool:
    return node.op_type == "PADV2" or only_moves(node)


def _pays(node: ir.Node, integers: ir.Value) -> bool:
    kernel, dtype = MOVES[node.op_type], dtype_of(integers).name
    return dtype in kernel.types and pays(node.op_type, kernel, dtype)


def _fill_value(node: ir.Node, like: ir.Value) -> bool:
    """Makes the number that PADV2 fills in an integer; False where there is none for it."""
    if node.op_type != "PADV2":
        return True
    found, filled = quantization_of(like), node.inputs[2]
    number = filled.const_value.numpy() if filled is not None and filled.const_value is not None else None
    if found is None or number is None:
        return False
    integer = _integer(float(number.reshape(-1)[0]), found, dtype_of(like), pooled=_is_pooled(node))
    if integer is None:
        return False
    if integer == found.zero_point:  # PAD fills with that, and XNNPACK takes it
        node.op_type = "PAD"
        node.resize_inputs(2)
        return True
    filler = constant(np.full(number.shape, integer, dtype_of(like)))
    set_quantization(filler, found)
    node.replace_input_with(2, filler)
    return True


def _integer(number: float, found: Quantization, dtype: np.dtype, *, pooled: bool) -> int | None:
    """The integer that stands for `number`, exactly; below all others it may be any in front of a maximum."""
    lowest, highest = np.iinfo(dtype).min, np.iinfo(dtype).max
    if number == -np.inf:
        return int(lowest) if pooled else None
    steps = round(number / found.scale) + found.zero_point
    exact = np.float32(steps - found.zero_point) * np.float32(found.scale) == np.float32(number)
    return steps if exact and lowest <= steps <= highest else None


def _is_pooled(node: ir.Node) -> bool:
    readers = [use.node for use in node.outputs[0].uses()]
    return bool(readers) and all(reader.op_type == "MAX_POOL_2D" for reader in readers)


def _quantize_operand(graph: ir.Graph, move: ir.Node, index: int, like: ir.Value) -> None:
    value = move.inputs[index]
    if value is None:
        return
    result = ir.Value(shape=value.shape, type=like.type)
    copy_quantization(like, result)
    node = ir.Node(DOMAIN, "QUANTIZE", [value], outputs=[result])
    node.metadata_props.update(move.metadata_props)
    graph.insert_before(move, node)
    move.replace_input_with(index, result)

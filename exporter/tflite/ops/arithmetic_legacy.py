"""Operators of two inputs as opsets 1 to 6 had them: B is put at an axis of A instead of numpy's broadcasting."""

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.ops.arithmetic import add_sub_mul, div
from portproof.exporter.tflite.ops.logic import comparison, logical
from portproof.exporter.tflite.ops.power import power
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import rank_of, shape_of


@onnx_op("Add", "Sub", "Mul")
def add_sub_mul_1(b: Builder, x: ir.Value, y: ir.Value, *, axis: int | None, broadcast: int, op_type: str) -> ir.Value:
    """With `broadcast`, B's axes are those of A from `axis` on, else A's last ones."""
    return add_sub_mul(b, x, _placed(b, x, y, axis, broadcast), op_type=op_type)


@onnx_op("Div")
def div_1(b: Builder, x: ir.Value, y: ir.Value, *, axis: int | None, broadcast: int) -> ir.Value:
    """As `add_sub_mul_1`."""
    return div(b, x, _placed(b, x, y, axis, broadcast))


@onnx_op("Pow")
def power_1(b: Builder, x: ir.Value, y: ir.Value, *, axis: int | None, broadcast: int) -> ir.Value:
    """As `add_sub_mul_1`."""
    return power(b, x, _placed(b, x, y, axis, broadcast))


@onnx_op("And", "Or", "Xor")
def logical_1(b: Builder, x: ir.Value, y: ir.Value, *, axis: int | None, broadcast: int, op_type: str) -> ir.Value:
    """As `add_sub_mul_1`."""
    return logical(b, x, _placed(b, x, y, axis, broadcast), op_type=op_type)


@onnx_op("Equal", "Less", "Greater")
def comparison_1(b: Builder, x: ir.Value, y: ir.Value, *, axis: int | None, broadcast: int, op_type: str) -> ir.Value:
    """As `add_sub_mul_1`."""
    return comparison(b, x, _placed(b, x, y, axis, broadcast), op_type=op_type)


def _placed(b: Builder, x: ir.Value, y: ir.Value, axis: int | None, broadcast: int) -> ir.Value:
    """`y` with ones behind its axes, so that numpy's broadcasting puts it where the attributes say."""
    if not broadcast:
        if shape_of(x) != shape_of(y):
            raise Refusal(f"shapes {shape_of(x)} and {shape_of(y)} differ without broadcast=1", "use opset 7 or later")
        return y
    rank, size = rank_of(x), rank_of(y)
    start = rank - size if axis is None else axis % max(rank, 1)
    if start < 0 or start + size > rank:
        raise Refusal(f"{size} axes from axis {start} on do not fit into rank {rank}")
    return reshape(b, y, shape_of(y) + (1,) * (rank - start - size))

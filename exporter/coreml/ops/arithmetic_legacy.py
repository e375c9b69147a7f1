"""Operators of two inputs as opsets 1 to 6 had them: B is put at an axis of A instead of numpy's broadcasting."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.ops.arithmetic import add_sub_mul, div
from portproof.exporter.coreml.ops.logic import comparison, logical
from portproof.exporter.coreml.ops.power import power
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Add", "Sub", "Mul")
def add_sub_mul_1(b: Builder, x: Var, y: Var, *, axis: int | None, broadcast: int, op_type: str) -> Var:
    """With `broadcast`, B's axes are those of A from `axis` on, else A's last ones."""
    return add_sub_mul(b, x, _placed(b, x, y, axis, broadcast), op_type=op_type)


@onnx_op("Div")
def div_1(b: Builder, x: Var, y: Var, *, axis: int | None, broadcast: int) -> Var:
    """As `add_sub_mul_1`."""
    return div(b, x, _placed(b, x, y, axis, broadcast))


@onnx_op("Pow")
def power_1(b: Builder, x: Var, y: Var, *, axis: int | None, broadcast: int) -> Var:
    """As `add_sub_mul_1`."""
    return power(b, x, _placed(b, x, y, axis, broadcast))


@onnx_op("And", "Or", "Xor")
def logical_1(b: Builder, x: Var, y: Var, *, axis: int | None, broadcast: int, op_type: str) -> Var:
    """As `add_sub_mul_1`."""
    return logical(b, x, _placed(b, x, y, axis, broadcast), op_type=op_type)


@onnx_op("Equal", "Less", "Greater")
def comparison_1(b: Builder, x: Var, y: Var, *, axis: int | None, broadcast: int, op_type: str) -> Var:
    """As `add_sub_mul_1`."""
    return comparison(b, x, _placed(b, x, y, axis, broadcast), op_type=op_type)


def _placed(b: Builder, x: Var, y: Var, axis: int | None, broadcast: int) -> Var:
    """`y` with ones behind its axes, so that numpy's broadcasting puts it where the attributes say."""
    if not broadcast:
        if shape_of(x) != shape_of(y):
            raise Refusal(f"shapes {shape_of(x)} and {shape_of(y)} differ without broadcast=1", "use opset 7 or later")
        return y
    rank, size = rank_of(x), rank_of(y)
    start = rank - size if axis is None else axis % max(rank, 1)
    if start < 0 or start + size > rank:
        raise Refusal(f"{size} axes from axis {start} on do not fit into rank {rank}")
    behind = rank - start - size
    return b.emit("expand_dims", x=y, axes=list(range(size, size + behind))) if behind else y

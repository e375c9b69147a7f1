"""Concat."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.movement import concat
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of
from portproof.exporter.lowering.axes import resolve_axis


@onnx_op("Concat", since=4)
def concat_(b: Builder, *parts: Var, axis: int) -> Var:
    """One operator; empty parts are left out."""
    return concat(b, parts, resolve_axis(axis, rank_of(parts[0])))

"""Gather along one axis."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.indices import wrap_along
from portproof.exporter.coreml.make.movement import gather
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, rank_of
from portproof.exporter.lowering.axes import resolve_axis


@onnx_op("Gather")
def gather_(b: Builder, x: Var, indices: Var, *, axis: int) -> Var:
    """Negative indices count from the end, which MIL's gather does not do from iOS17 on."""
    along = resolve_axis(axis, rank_of(x))
    constant = array_of(indices) is not None  # folded with the data, where these are constant too
    if not b.has("iOS17") and not constant:
        return gather(b, x, indices, along)
    return gather(b, x, wrap_along(b, indices, x, along), along)

"""Pools over all spatial axes: reductions that keep their dimensions."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.norms import magnitude, root
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of

_REDUCTIONS = {"GlobalAveragePool": "reduce_mean", "GlobalMaxPool": "reduce_max"}


@onnx_op("GlobalAveragePool", "GlobalMaxPool")
def global_pool(b: Builder, x: Var, *, op_type: str) -> Var:
    """The mean or the maximum of each channel."""
    return _over_space(b, _REDUCTIONS[op_type], x)


@onnx_op("GlobalLpPool", since=2)
def global_lp_pool(b: Builder, x: Var, *, p: int) -> Var:
    """(sum of |x|^p of each channel)^(1/p)."""
    if p == 2:
        return _over_space(b, "reduce_l2_norm", x)
    return root(b, _over_space(b, "reduce_sum", magnitude(b, x, p)), p)


def _over_space(b: Builder, op: str, x: Var) -> Var:
    axes = list(range(2, rank_of(x)))
    return b.emit(op, x=x, axes=axes, keep_dims=True) if axes else x

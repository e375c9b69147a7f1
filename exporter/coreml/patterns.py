"""Patterns of ONNX nodes that MIL has one operator for, found before anything is lowered."""

import onnx_ir as ir

from portproof.exporter.coreml.passes.drop_expand import DropExpand
from portproof.exporter.coreml.passes.gemm_to_matmul import GemmToMatMul
from portproof.exporter.coreml.passes.sink_reshapes import SinkReshapes
from portproof.exporter.coreml.passes.slice_to_gather import SliceToGather
from portproof.exporter.coreml.targets import DEFAULT, at_least
from portproof.exporter.lowering import patterns


def recognised(model: ir.Model, target: str = DEFAULT) -> ir.Model:
    """`model` with its patterns as single nodes, for a deployment target.

    The model given is left as it is; the weights are shared.
    """
    found = patterns.recognised(model)
    found = model.clone() if found is model else found
    fused_attention = at_least(target, "iOS18")
    for rewrite in (GemmToMatMul(), SinkReshapes(), SliceToGather(), DropExpand(attention=not fused_attention)):
        rewrite(found)
    return found

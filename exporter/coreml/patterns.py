"""Patterns of ONNX nodes that MIL has one operator for, found before anything is lowered."""

import onnx_ir as ir

from portproof.exporter.coreml.passes.gemm_to_matmul import GemmToMatMul
from portproof.exporter.coreml.passes.sink_reshapes import SinkReshapes
from portproof.exporter.coreml.passes.slice_to_gather import SliceToGather
from portproof.exporter.lowering import patterns

_PASSES = (GemmToMatMul, SinkReshapes, SliceToGather)


def recognised(model: ir.Model) -> ir.Model:
    """`model` with its patterns as single nodes; the model given is left as it is, weights are shared."""
    found = patterns.recognised(model)
    found = model.clone() if found is model else found
    for rewrite in _PASSES:
        rewrite()(found)
    return found

"""Patterns of ONNX nodes that MIL has one operator for, found before anything is lowered."""

import onnx_ir as ir

from portproof.exporter.coreml.passes.unflatten_gemm import UnflattenGemm
from portproof.exporter.lowering import patterns

_PASSES = (UnflattenGemm,)


def recognised(model: ir.Model) -> ir.Model:
    """`model` with its patterns as single nodes; the model given is left as it is, weights are shared."""
    found = patterns.recognised(model)
    found = model.clone() if found is model else found
    for rewrite in _PASSES:
        rewrite()(found)
    return found

"""Patterns of ONNX nodes that a target has one operator for, found before anything is lowered."""

import onnx_ir as ir

from portproof.exporter.passes.gelu import RecogniseGelu

_TELLTALES = frozenset({"Erf", "Tanh"})
"""Operators one of which every pattern holds; a model without them is not copied."""


def recognised(model: ir.Model) -> ir.Model:
    """`model` with its patterns as single nodes; the model given is left as it is, weights are shared."""
    if not any(node.op_type in _TELLTALES for node in model.graph):
        return model
    model = model.clone()
    RecogniseGelu()(model)
    return model

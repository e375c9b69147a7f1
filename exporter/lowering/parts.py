"""Operators without a handler of their own, lowered by their parts: what ONNX itself defines them by."""

from collections.abc import Callable

import onnx_ir as ir

from portproof.exporter.passes.branches import InlineConstantIf
from portproof.exporter.passes.fold import FoldConstants
from portproof.exporter.passes.functions import ExpandFunctions
from portproof.exporter.passes.shapes import InferShapes
from portproof.exporter.passes.windows import InferWindows

_MOST_ROUNDS = 10
"""Each round folds what the last one made known; nested bodies take four."""
_WITH_BODIES = frozenset({"If", "Loop", "Scan", "SequenceMap"})


def by_parts(model: ir.Model, is_composed: Callable[[ir.Node, int], bool]) -> ir.Model:
    """`model`, with the function bodies of the schemas in place of operators that have no handler.

    The model given is left as it is; the weights are shared. What depends on shapes alone, as bodies do, is computed:
    also in a model with branches, since the branch not taken need not be fit to be lowered.

    Args:
        model: an ONNX model.
        is_composed: whether a node is to be lowered by its parts, for an opset.
    """
    opset = model.opset_imports.get("", 1)
    branches = any(node.op_type in _WITH_BODIES for node in model.graph)
    if not branches and not any(is_composed(node, opset) for node in model.graph.all_nodes()):
        return model
    model = model.clone()
    if branches:
        settle(model)
    expand = ExpandFunctions(lambda node: is_composed(node, opset))
    while expand(model).modified:
        settle(model)
    return model


def settle(model: ir.Model) -> None:
    """Shapes inferred, constants folded, branches taken, until nothing changes; in place."""
    from onnx_ir.passes import common

    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    steps = [InferShapes(), InferWindows(), FoldConstants(), InlineConstantIf(), common.RemoveUnusedNodesPass()]
    for _ in range(_MOST_ROUNDS):
        changes = [step(model).modified for step in steps]
        if not any(changes):
            break
        common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)

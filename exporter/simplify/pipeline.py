"""The passes and their order. A new pass is added here, and nowhere else."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

# Rounds of the whole list: each can open the way for another; nineteen networks settle in at most four.
_MOST_ROUNDS = 10


def run_passes(model: "ir.Model", *, fold_data: bool = True) -> "ir.Model":
    """Run Portproof's own passes until nothing changes; the model is changed in place.

    Args:
        model: what to simplify.
        fold_data: fold constants of any kind; otherwise only the few integers that shapes are made of.
    """
    for step in first_passes():
        step(model)
    for _ in range(_MOST_ROUNDS):
        changes = [_modifies(step, model) for step in repeated_passes(fold_data=fold_data)]
        if not any(changes):
            break
    for step in last_passes():
        _modifies(step, model)
    return model


def _modifies(step: "ir.passes.PassBase", model: "ir.Model") -> bool:
    from portproof.exporter.passes.graph import names_kept

    with names_kept():
        return step(model).modified


def settle(model: "ir.Model") -> "ir.Model":
    """Run only what changes no numbers: one form, and the shapes; the model is changed in place."""
    from portproof.exporter.passes.shapes import InferShapes

    for step in (*first_passes(), InferShapes()):
        step(model)
    return model


def first_passes() -> "list[ir.passes.PassBase]":
    """Bring the model to one form: no functions, constants as initializers."""
    from onnx_ir.passes import common

    return [
        common.InlinePass(),
        common.LiftSubgraphInitializersToMainGraphPass(),
        common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
    ]


def repeated_passes(*, fold_data: bool = True) -> "list[ir.passes.PassBase]":
    """What is run until it changes nothing."""
    from onnx_ir.passes import common

    from portproof.exporter.passes.batchnorm import FoldBatchNorm
    from portproof.exporter.passes.branches import InlineConstantIf
    from portproof.exporter.passes.fold import FoldConstants
    from portproof.exporter.passes.grouped_heads import ShareKeysAndValues
    from portproof.exporter.passes.merge import MergeReshapes, MergeTransposes
    from portproof.exporter.passes.noop import RemoveNoOps
    from portproof.exporter.passes.scale import FoldScale
    from portproof.exporter.passes.shapes import InferShapes
    from portproof.exporter.passes.windows import InferWindows

    return [
        InferShapes(),
        InferWindows(),
        FoldConstants(data=fold_data),
        InlineConstantIf(),
        RemoveNoOps(),
        MergeReshapes(),
        MergeTransposes(),
        FoldBatchNorm(),
        FoldScale(),
        ShareKeysAndValues(),
        common.CommonSubexpressionEliminationPass(),
        common.RemoveUnusedNodesPass(),
    ]


def last_passes() -> "list[ir.passes.PassBase]":
    """Once, when all is settled: what would hide a BatchNorm from folding, and the final names."""
    from onnx_ir.passes import common

    from portproof.exporter.passes.batchnorm import LowerBatchNorm
    from portproof.exporter.passes.shapes import InferShapes

    return [
        LowerBatchNorm(),
        common.DeduplicateInitializersPass(),
        common.RemoveUnusedNodesPass(),
        common.RemoveUnusedFunctionsPass(),  # type: ignore[no-untyped-call]
        common.RemoveUnusedOpsetsPass(),
        common.TopologicalSortPass(),
        common.NameFixPass(),
        InferShapes(),
    ]

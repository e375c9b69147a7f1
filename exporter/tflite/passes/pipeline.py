"""The order of the passes on the `tfl` dialect."""

import onnx_ir as ir

from portproof.exporter.tflite.integer.compute import ComputeIntegers, Requantize, spread
from portproof.exporter.tflite.integer.hybrid import DynamicWeights, StoredWeights
from portproof.exporter.tflite.integer.moves import HoistQuantize, SinkDequantize
from portproof.exporter.tflite.integer.pairs import DropPairs, SignedPairs
from portproof.exporter.tflite.integer.tables import IntegerTables
from portproof.exporter.tflite.layout.assign import assign_layouts
from portproof.exporter.tflite.passes.adjoint import TransposeIntoBatchMatmul
from portproof.exporter.tflite.passes.dead_code import RemoveDeadCode
from portproof.exporter.tflite.passes.flatten import FlattenIntoFullyConnected
from portproof.exporter.tflite.passes.fold_affine import FoldAffine
from portproof.exporter.tflite.passes.fold_channel_gather import FoldChannelGather
from portproof.exporter.tflite.passes.fold_scale import FoldScale
from portproof.exporter.tflite.passes.fold_shuffle import FoldShuffle
from portproof.exporter.tflite.passes.fuse_activation import FuseActivation
from portproof.exporter.tflite.passes.fuse_bias import FuseBias
from portproof.exporter.tflite.passes.fuse_rsqrt import FuseRsqrt
from portproof.exporter.tflite.passes.graph import NodePass, inner_graphs
from portproof.exporter.tflite.passes.merge_equal import MergeEqual
from portproof.exporter.tflite.passes.merge_moves import MergeMoves
from portproof.exporter.tflite.passes.multiply_broadcast import MultiplyBroadcast
from portproof.exporter.tflite.passes.narrow_concat import NarrowConcat
from portproof.exporter.tflite.passes.pad_non_negative import PadNonNegative
from portproof.exporter.tflite.passes.patches import Patches
from portproof.exporter.tflite.passes.reshapes import (
    HoistReshape,
    MergeReshapes,
    MergeTransposes,
    ReduceThenReshape,
    TransposeToReshape,
)
from portproof.exporter.tflite.passes.rows import SinkRows
from portproof.exporter.tflite.passes.sink_broadcast import SinkBroadcast
from portproof.exporter.tflite.passes.slices_to_split import SlicesToSplit
from portproof.exporter.tflite.passes.split_heads import SplitHeads
from portproof.exporter.tflite.passes.step_slices import StepSlices
from portproof.exporter.tflite.passes.unit_axes import TransposeBetweenReshapes


def before_layout(model: ir.Model) -> ir.Model:
    """Passes that see ONNX's axes.

    The graphs that operators run, such as the body of a WHILE, get all there is: theirs and what follows the layouts,
    which leave the axes of their inputs and outputs as they are.
    """
    for graph in inner_graphs(model.graph):
        inner = ir.Model(graph, ir_version=model.ir_version)
        _run_before(inner)
        assign_layouts(inner, free_io=False)
        after_layout(inner)
    return _run_before(model)


def _run_before(model: ir.Model) -> ir.Model:
    return _run(
        model,
        [
            RemoveDeadCode(),
            MergeEqual(),
            SignedPairs(),
            DropPairs(),
            SinkBroadcast(),
            MergeReshapes(),
            TransposeBetweenReshapes(),
            MergeTransposes(),
            RemoveDeadCode(),
            SinkRows(),
            MergeReshapes(),
            FlattenIntoFullyConnected(),
            RemoveDeadCode(),
            FuseBias(),
            SlicesToSplit(),
            FoldScale(),
            FoldAffine(),
            TransposeIntoBatchMatmul(),
            RemoveDeadCode(),
        ],
    )


def after_layout(model: ir.Model) -> ir.Model:
    """Passes that see the file's axes."""
    return _to_integers(_in_float(model))


def _in_float(model: ir.Model) -> ir.Model:
    tidy = [
        MergeTransposes(),
        TransposeToReshape(),
        MergeReshapes(),
        HoistReshape(),
        MergeReshapes(),
        MergeMoves(),
        MergeReshapes(),
    ]
    return _run(
        model,
        [
            StepSlices(),
            *tidy,
            SplitHeads(),
            Patches(),
            MergeReshapes(),
            MergeEqual(),
            ReduceThenReshape(),
            FlattenIntoFullyConnected(),
            RemoveDeadCode(),
            FuseBias(),
            FuseRsqrt(),
            FuseActivation(),
            FoldChannelGather(),
            FoldShuffle(),
            NarrowConcat(),
            MultiplyBroadcast(),
            PadNonNegative(),
            RemoveDeadCode(),
        ],
    )


def _to_integers(model: ir.Model) -> ir.Model:
    """Q/DQ pairs to integer kernels; nothing happens to a model without."""
    IntegerTables()(model)
    if not any(node.op_type == "DEQUANTIZE" for node in model.graph):
        return _run(model, [DynamicWeights(), StoredWeights()])
    _run(
        model,
        [
            SinkDequantize(),
            Requantize(),
            HoistQuantize(),
            Requantize(),
            ComputeIntegers(),
            Requantize(),
            RemoveDeadCode(),
            MergeTransposes(),
            TransposeToReshape(),
            MergeReshapes(),
            MergeEqual(),
            RemoveDeadCode(),
            DynamicWeights(),
            StoredWeights(),
        ],
    )
    spread(model.graph)
    return model


def _run(model: ir.Model, passes: list[ir.passes.InPlacePass]) -> ir.Model:
    """Runs the passes in order, but those with nothing to do: no operator of theirs, or nothing newly dead."""
    ops: set[str] | None = None
    tidy = False
    for item in passes:
        ops = {node.op_type for node in model.graph} if ops is None else ops
        tidies = isinstance(item, RemoveDeadCode)
        if (tidies and tidy) or (isinstance(item, NodePass) and item.ops.isdisjoint(ops)):
            continue
        modified = item(model).modified
        ops = None if modified and not tidies else ops
        tidy = tidies or (tidy and not modified)
    return model

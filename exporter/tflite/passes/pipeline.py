"""The order of the passes on the `tfl` dialect."""

import onnx_ir as ir

from portproof.exporter.tflite.passes.adjoint import TransposeIntoBatchMatmul
from portproof.exporter.tflite.passes.dead_code import RemoveDeadCode
from portproof.exporter.tflite.passes.flatten import FlattenIntoFullyConnected
from portproof.exporter.tflite.passes.fold_affine import FoldAffine
from portproof.exporter.tflite.passes.fold_scale import FoldScale
from portproof.exporter.tflite.passes.fuse_activation import FuseActivation
from portproof.exporter.tflite.passes.fuse_bias import FuseBias
from portproof.exporter.tflite.passes.merge_equal import MergeEqual
from portproof.exporter.tflite.passes.merge_moves import MergeMoves
from portproof.exporter.tflite.passes.pad_non_negative import PadNonNegative
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
from portproof.exporter.tflite.passes.unit_axes import TransposeBetweenReshapes


def before_layout(model: ir.Model) -> ir.Model:
    """Passes that see ONNX's axes."""
    return _run(
        model,
        [
            RemoveDeadCode(),
            MergeEqual(),
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
            *tidy,
            MergeEqual(),
            ReduceThenReshape(),
            FlattenIntoFullyConnected(),
            RemoveDeadCode(),
            FuseBias(),
            FuseActivation(),
            PadNonNegative(),
            RemoveDeadCode(),
        ],
    )


def _run(model: ir.Model, passes: list[ir.passes.InPlacePass]) -> ir.Model:
    for item in passes:
        item(model)
    return model

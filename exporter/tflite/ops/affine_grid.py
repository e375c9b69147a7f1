"""AffineGrid: the places of GridSample that a linear map of the image's own grid gives."""

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.matmul import fully_connected
from portproof.exporter.tflite.make.movement import reshape, transpose
from portproof.exporter.tflite.make.parameter import declared_shape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import Array, array_of, dtype_of, ints_of, shape_of


@onnx_op("AffineGrid", since=20, note="constant size")
def affine_grid(b: Builder, theta: ir.Value, size: ir.Value, *, align_corners: int) -> ir.Value:
    """theta: [N, axes, axes + 1]; [N, spatial..., axes]."""
    spatial = ints_of(size)[2:] if array_of(size) is not None else declared_shape(b)[1:-1]
    if align_corners and 1 in spatial:
        raise Refusal("align_corners=1 on an axis of size 1 divides by 0", "use align_corners=0")
    moved = fully_connected(b, as_float32(b, theta, "AffineGrid"), _points(spatial, bool(align_corners)))
    grid = reshape(b, transpose(b, moved, (0, 2, 1)), (shape_of(theta)[0], *spatial, len(spatial)))
    return cast(b, grid, dtype_of(theta))


def _points(spatial: Sequence[int], align_corners: bool) -> Array:
    """The middles of all entries between -1 and 1, the last axis first, and a 1 behind: [entries, axes + 1]."""
    ends = [1.0 if align_corners else 1 - 1 / size for size in spatial]
    lines = [np.linspace(-end, end, size) for end, size in zip(ends, spatial, strict=True)]
    axes = np.meshgrid(*lines, indexing="ij")[::-1]
    points = np.stack([*axes, np.ones(tuple(spatial))], axis=-1)
    return points.reshape(math.prod(spatial), len(spatial) + 1).astype(np.float32)

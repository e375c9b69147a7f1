"""AffineGrid: the places of GridSample that a linear map of the image's own grid gives."""

import math
from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.movement import reshape, transpose
from portproof.exporter.coreml.make.parameter import constant_ints
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Array, Var, dtype_of, rank_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("AffineGrid", since=20, note="a constant size")
def affine_grid(b: Builder, theta: Var, size: Var, *, align_corners: int) -> Var:
    """Theta [N, k, k + 1] times the grid of the last k axes of `size`, and 1: [N, sizes..., k]; stays in float32."""
    n, _, *sizes = constant_ints(size, "size")
    if rank_of(theta) != 3 or len(sizes) != theta.shape[1]:
        raise Refusal(f"a map of shape {tuple(theta.shape)} for an image of {len(sizes)} axes")
    if align_corners and 1 in sizes:
        raise Refusal("align_corners=1 on an axis of size 1 divides by 0", "use align_corners=0")
    points = _points(sizes, bool(align_corners))
    with b.exactly():
        y = b.emit("matmul", x=points, y=transpose(b, b.cast(theta, "float32"), (0, 2, 1)))
        return b.cast(reshape(b, y, (n, *sizes, len(sizes))), dtype_of(theta))


def _points(sizes: Sequence[int], align_corners: bool) -> Array:
    """Every point of the grid from -1 to 1, the last axis first, and a 1: float32 [points, k + 1]."""
    axes = []
    for size in sizes:
        steps = np.arange(size, dtype=np.float64)
        axes.append(2 * steps / (size - 1) - 1 if align_corners else (2 * steps + 1) / size - 1)
    grids = np.meshgrid(*axes, indexing="ij")
    ones = np.ones(math.prod(sizes))
    return np.stack([*(grid.reshape(-1) for grid in reversed(grids)), ones], axis=-1).astype(np.float32)

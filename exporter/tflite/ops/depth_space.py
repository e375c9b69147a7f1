"""DepthToSpace and SpaceToDepth."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carrier
from portproof.exporter.tflite.make.movement import channels_first, channels_last, gather
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, shape_of

_KERNEL_TYPES = frozenset({"float32", "int8", "uint8", "int32", "int64"})
"""Those that `depth_to_space.cc` and `space_to_depth.cc` accept."""


@onnx_op("DepthToSpace")
def depth_to_space(b: Builder, x: ir.Value, *, blocksize: int, mode: str = "DCR") -> ir.Value:
    """[N, C, H, W] to [N, C / k^2, H k, W k]; the kernel's order of channels is DCR."""
    n, c, h, w = shape_of(x)
    depth = c // blocksize**2
    if mode == "CRD" and depth > 1 and blocksize > 1:
        # Channel (i, j, d) of DCR is channel (d, i, j) of CRD.
        x = gather(b, x, np.arange(c).reshape(depth, blocksize**2).T.reshape(-1), 1)
    return _shuffle(b, "DEPTH_TO_SPACE", x, (n, h * blocksize, w * blocksize, depth), blocksize)


@onnx_op("SpaceToDepth")
def space_to_depth(b: Builder, x: ir.Value, *, blocksize: int, mode: str | None) -> ir.Value:
    """[N, C, H, W] to [N, C k^2, H / k, W / k]; the kernel's order of channels is DCR."""
    n, c, h, w = shape_of(x)
    y = _shuffle(b, "SPACE_TO_DEPTH", x, (n, h // blocksize, w // blocksize, c * blocksize**2), blocksize)
    if mode == "CRD" and c > 1 and blocksize > 1:
        # Channel (d, i, j) of CRD is channel (i, j, d) of DCR.
        order = np.arange(c * blocksize**2).reshape(blocksize**2, c).T.reshape(-1)
        y = cast(b, gather(b, cast(b, y, carrier(dtype_of(y), _KERNEL_TYPES, "SpaceToDepth")), order, 1), dtype_of(x))
    return y


def _shuffle(b: Builder, op: str, x: ir.Value, shape: tuple[int, ...], block: int) -> ir.Value:
    dtype = dtype_of(x)
    wide = carrier(dtype, _KERNEL_TYPES, op)
    y = b.emit(op, [channels_last(b, cast(b, x, wide))], shape=shape, dtype=wide, block_size=block)
    return cast(b, channels_first(b, y), dtype)

"""Other shapes and orders of the same elements."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Tensor, constant, ints_of
from portproof.exporter.lowering.axes import resolve_axes
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Reshape", since=5)
def reshape(b: Builder, x: Tensor, shape: Tensor, *, allowzero: int | None) -> Tensor:
    """0 is the input's size, unless `allowzero`; -1 is what is left."""
    wanted = ints_of(shape, "shape")
    if not allowzero:
        wanted = [x.shape[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    if -1 in wanted:
        others = int(np.prod([size for size in wanted if size != -1]))
        wanted[wanted.index(-1)] = int(np.prod(x.shape)) // max(others, 1)
    return b.reshape(x, wanted)


@onnx_op("Flatten", since=1)
def flatten(b: Builder, x: Tensor, *, axis: int) -> Tensor:
    """To two axes, of those before and from `axis` on."""
    at = axis + x.rank if axis < 0 else axis
    return b.reshape(x, (int(np.prod(x.shape[:at])), int(np.prod(x.shape[at:]))))


@onnx_op("Squeeze", since=13)
def squeeze(b: Builder, x: Tensor, axes: Tensor | None = None) -> Tensor:
    """Without axes of size 1: all of them when none are named."""
    return _squeezed(b, x, None if axes is None else ints_of(axes, "axes"))


@onnx_op("Squeeze", since=1)
def squeeze_1(b: Builder, x: Tensor, *, axes: Sequence[int] | None) -> Tensor:
    """The axes are an attribute."""
    return _squeezed(b, x, None if axes is None else list(axes))


@onnx_op("Unsqueeze", since=13)
def unsqueeze(b: Builder, x: Tensor, axes: Tensor) -> Tensor:
    """With new axes of size 1 at places in the result."""
    return _unsqueezed(b, x, ints_of(axes, "axes"))


@onnx_op("Unsqueeze", since=1)
def unsqueeze_1(b: Builder, x: Tensor, *, axes: Sequence[int]) -> Tensor:
    """The axes are an attribute."""
    return _unsqueezed(b, x, list(axes))


@onnx_op("Transpose", since=1)
def transpose(b: Builder, x: Tensor, *, perm: Sequence[int] | None) -> Tensor:
    """Reversed when no order is given."""
    return b.transpose(x, list(range(x.rank))[::-1] if perm is None else perm)


@onnx_op("DepthToSpace", since=11)
def depth_to_space(b: Builder, x: Tensor, *, blocksize: int, mode: str) -> Tensor:
    """Channels to blocks of pixels."""
    n, c, h, w = x.shape
    s, rest = blocksize, c // blocksize**2
    if mode == "DCR":
        split, order = (n, s, s, rest, h, w), (0, 3, 4, 1, 5, 2)
    else:
        split, order = (n, rest, s, s, h, w), (0, 1, 4, 2, 5, 3)
    return b.reshape(b.transpose(b.reshape(x, split), order), (n, rest, h * s, w * s))


@onnx_op("SpaceToDepth", since=1)
def space_to_depth(b: Builder, x: Tensor, *, blocksize: int) -> Tensor:
    """Blocks of pixels to channels."""
    (n, c, h, w), s = x.shape, blocksize
    blocks = b.transpose(b.reshape(x, (n, c, h // s, s, w // s, s)), (0, 3, 5, 1, 2, 4))
    return b.reshape(blocks, (n, c * s * s, h // s, w // s))


@onnx_op("Expand", since=8)
def expand(b: Builder, x: Tensor, shape: Tensor) -> Tensor:
    """Broadcast with a shape, which may be smaller."""
    wanted = np.broadcast_shapes(x.shape, tuple(ints_of(shape, "shape")))
    return x if wanted == x.shape else b.emit("broadcast_to", x, np.array(wanted, np.uint32))


@onnx_op("Tile", since=6)
def tile(b: Builder, x: Tensor, repeats: Tensor) -> Tensor:
    """Repeated along each axis."""
    return b.emit("tile", x, np.array(ints_of(repeats, "repeats"), np.uint32))


@onnx_op("Shape", since=1)
def shape(b: Builder, x: Tensor, *, start: int | None, end: int | None) -> Tensor:
    """A constant here."""
    return constant(np.array(x.shape[slice(start, end)], np.int64))


def _squeezed(b: Builder, x: Tensor, axes: list[int] | None) -> Tensor:
    if axes is None:
        return b.reshape(x, [size for size in x.shape if size != 1])
    named = resolve_axes(axes, x.rank)
    if any(x.shape[axis] != 1 for axis in named):
        raise Refusal(f"axes {named} of a shape {x.shape} are not all of size 1")
    return b.reshape(x, [size for axis, size in enumerate(x.shape) if axis not in named])


def _unsqueezed(b: Builder, x: Tensor, axes: list[int]) -> Tensor:
    rank = x.rank + len(axes)
    new, sizes = resolve_axes(axes, rank), iter(x.shape)
    return b.reshape(x, [1 if axis in new else next(sizes) for axis in range(rank)])

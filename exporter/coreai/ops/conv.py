"""Convolutions, of one to three spatial axes."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.make.windows import as_planes, pads_of, planes_back, with_pads
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Tensor
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Conv", since=1, note="floats")
def conv(
    b: Builder,
    x: Tensor,
    w: Tensor,
    bias: Tensor | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Tensor:
    """Of one axis as of two, the first of size 1."""
    spatial = x.rank - 2
    steps, gaps = list(strides or [1] * spatial), list(dilations or [1] * spatial)
    ends = pads_of(auto_pad, pads, x.shape[2:], w.shape[2:], steps, gaps)
    padded = as_planes(b, with_pads(b, x, ends, 0.0))
    lead = [1] * (2 - spatial)
    y = b.emit(
        _name("conv", spatial),
        padded,
        as_planes(b, w),
        np.array(lead + steps, np.uint32),
        np.array(lead + gaps, np.uint32),
        np.array(group, np.uint32),
    )
    return biased(b, planes_back(b, y, spatial), bias)


@onnx_op("ConvTranspose", since=1, note="floats")
def conv_transpose(
    b: Builder,
    x: Tensor,
    w: Tensor,
    bias: Tensor | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    output_padding: Sequence[int] | None,
    output_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Tensor:
    """Without Core AI's own padding, which is the same at both ends; what ONNX cuts off is sliced off."""
    spatial = x.rank - 2
    if auto_pad not in ("NOTSET", "VALID") or output_shape:
        raise Refusal("auto_pad and output_shape of ConvTranspose are not written", "give pads and output_padding")
    steps, gaps = list(strides or [1] * spatial), list(dilations or [1] * spatial)
    extra, lead = list(output_padding or [0] * spatial), [1] * (2 - spatial)
    y = b.emit(
        _name("conv_transpose", spatial),
        as_planes(b, x),
        as_planes(b, w),
        np.array(lead + steps, np.uint32),
        np.zeros(max(spatial, 2), np.uint32),
        np.array(lead + gaps, np.uint32),
        np.zeros(max(spatial, 2), np.uint32),
        np.array(group, np.uint32),
    )
    return biased(b, _cut(b, planes_back(b, y, spatial), list(pads or [0] * 2 * spatial), extra), bias)


def _cut(b: Builder, y: Tensor, pads: Sequence[int], extra: Sequence[int]) -> Tensor:
    """The full result without `pads`; `extra` adds to the end what the full result has there, else zeros."""
    spatial = len(extra)
    sizes = y.shape[2:]
    ends = [size - pads[spatial + k] + extra[k] for k, size in enumerate(sizes)]
    missing = [max(end - size, 0) for end, size in zip(ends, sizes, strict=True)]
    y = with_pads(b, y, [0] * spatial + missing, 0.0)
    starts = [0, 0, *pads[:spatial]]
    stops = [*y.shape[:2], *ends]
    if starts == [0] * y.rank and stops == list(y.shape):
        return y
    return b.emit("slice_", y, np.array(starts, np.int32), np.array(stops, np.int32), np.ones(y.rank, np.int32))


def biased(b: Builder, y: Tensor, bias: Tensor | None) -> Tensor:
    """`y` with a number added to each channel."""
    if bias is None:
        return y
    return b.emit("broadcasting_add", y, b.reshape(bias, (*bias.shape, *[1] * (y.rank - 2))))


def _name(op: str, spatial: int) -> str:
    if not 1 <= spatial <= 3:
        raise Refusal(f"a convolution of {spatial} axes is not written")
    return f"{op}3d" if spatial == 3 else f"{op}2d"

"""ConvTranspose: TRANSPOSE_CONV, or a convolution of the spread input."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.deconvolution import Canvas, deconvolve
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.ops.conv import check_kernel_shape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, shape_of


@onnx_op("ConvTranspose", note="1-D, 2-D and 3-D; floats")
def conv_transpose(
    b: Builder,
    x: ir.Value,
    w: ir.Value,
    bias: ir.Value | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    output_padding: Sequence[int] | None,
    output_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> ir.Value:
    """Input NC..., weights IO..., bias O; every padding form."""
    dtype, spatial = dtype_of(x), len(shape_of(x)) - 2
    check_kernel_shape(w, kernel_shape)
    size, kernel = shape_of(x)[2:], shape_of(w)[2:]
    _refuse_what_onnx_contradicts(auto_pad, output_padding, output_shape, size)
    stride, dilation = tuple(strides or (1,) * spatial), tuple(dilations or (1,) * spatial)
    extra = tuple(output_padding or (0,) * spatial)
    full = [
        (n - 1) * s + (k - 1) * d + 1 + e for n, k, s, d, e in zip(size, kernel, stride, dilation, extra, strict=True)
    ]
    begin, out = _region(auto_pad, pads, full, output_shape, [n * s for n, s in zip(size, stride, strict=True)])
    canvas = Canvas(size=size, kernel=kernel, stride=stride, dilation=dilation, begin=begin, out=out)
    bias = None if bias is None else cast(b, bias, "float32")
    x = as_float32(b, x, "ConvTranspose")
    return cast(b, deconvolve(b, x, cast(b, w, "float32"), bias, canvas, group), dtype)


def _refuse_what_onnx_contradicts(
    auto_pad: str, output_padding: Sequence[int] | None, output_shape: Sequence[int] | None, size: Sequence[int]
) -> None:
    """Forms for which onnx's shape inference gives another shape than every runtime."""
    if output_shape:
        if any(out < n for out, n in zip(output_shape[-len(size) :], size, strict=True)):
            raise Refusal("an output_shape smaller than the input", "crop with pads instead")
    elif auto_pad.startswith("SAME") and any(output_padding or ()):
        raise Refusal(f"output_padding together with auto_pad={auto_pad}", "give pads instead")


def _region(
    auto_pad: str,
    pads: Sequence[int] | None,
    full: Sequence[int],
    output_shape: Sequence[int] | None,
    same: Sequence[int],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where on the canvas (`full`, with output_padding) the output begins, and its sizes.

    The rules are those of the ONNX operator's text: `output_shape` and SAME_* leave the pads to be found, half on
    each side, the odd one at the end for SAME_UPPER and at the beginning otherwise.
    """
    rank = len(full)
    if not output_shape and auto_pad in ("NOTSET", "VALID"):
        ends = list(pads or (0,) * 2 * rank) if auto_pad == "NOTSET" else [0] * 2 * rank
        out = [size - ends[axis] - ends[axis + rank] for axis, size in enumerate(full)]
        return tuple(ends[:rank]), tuple(out)
    # Some writers give output_shape with batch and channels.
    wanted = tuple(output_shape[-rank:]) if output_shape else tuple(same)
    total = [max(have - want, 0) for have, want in zip(full, wanted, strict=True)]
    begin = [pad // 2 if auto_pad == "SAME_UPPER" else pad - pad // 2 for pad in total]
    return tuple(begin), wanted

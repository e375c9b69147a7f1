"""Conv: CONV_2D, DEPTHWISE_CONV_2D, their 1-D forms, and CONV_3D."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.convolution import convolve
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.window import Window, resolve_pads
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, shape_of


@onnx_op("Conv", note="1-D, 2-D and 3-D; float32 and float16")
def conv(
    b: Builder,
    x: ir.Value,
    w: ir.Value,
    bias: ir.Value | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> ir.Value:
    """Input NC..., weights OI..., bias O; every padding form."""
    dtype = dtype_of(x)
    spatial = len(shape_of(x)) - 2
    check_kernel_shape(w, kernel_shape)
    window = conv_window(x, w, auto_pad, pads, tuple(strides or (1,) * spatial), tuple(dilations or (1,) * spatial))
    x = as_float32(b, x, "Conv")
    bias = None if bias is None else cast(b, bias, "float32")
    return cast(b, convolve(b, x, cast(b, w, "float32"), bias, window, group), dtype)


def check_kernel_shape(w: ir.Value, kernel_shape: Sequence[int] | None) -> None:
    """Refuses weights [_, _, kernel...] of another size than the node says."""
    if kernel_shape and tuple(kernel_shape) != shape_of(w)[2:]:
        raise Refusal(f"kernel_shape {list(kernel_shape)} does not match weights of shape {list(shape_of(w))}")


def conv_window(
    x: ir.Value,
    w: ir.Value,
    auto_pad: str,
    pads: Sequence[int] | None,
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Window:
    """The window of a convolution with weights [_, _, kernel...], as the attributes of ONNX's Conv say."""
    size, kernel = shape_of(x)[2:], shape_of(w)[2:]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    resolved = tuple(resolve_pads(auto_pad, pads, size, reach, stride))
    return Window(size=size, kernel=kernel, stride=stride, dilation=dilation, pads=resolved)

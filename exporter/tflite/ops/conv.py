"""Conv: CONV_2D, DEPTHWISE_CONV_2D, their 1-D forms, and CONV_3D."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import channels_first, channels_last, pad, reshape, transpose
from portproof.exporter.tflite.make.window import Window, resolve_pads
from portproof.exporter.tflite.refusal import Refusal
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, shape_of


@onnx_op("Conv", note="1-D, 2-D and 3-D; float32; 3-D without groups")
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
    spatial = len(shape_of(x)) - 2
    _check(x, w, spatial, kernel_shape)
    kernel = shape_of(w)[2:]
    stride, dilation = tuple(strides or (1,) * spatial), tuple(dilations or (1,) * spatial)
    size = shape_of(x)[2:]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    resolved = tuple(resolve_pads(auto_pad, pads, size, reach, stride))
    if any(before < 0 or after < 0 for before, after in resolved):
        raise Refusal("negative pads", "slice the input instead")
    window = Window(size=size, kernel=kernel, stride=stride, dilation=dilation, pads=resolved)
    if spatial == 1:
        return _conv_1d(b, x, w, bias, window, group)
    return _conv_2d(b, x, w, bias, window, group) if spatial == 2 else _conv_3d(b, x, w, bias, window, group)


def _check(x: ir.Value, w: ir.Value, spatial: int, kernel_shape: Sequence[int] | None) -> None:
    if spatial not in (1, 2, 3):
        raise Refusal(f"TFLite convolves over 1 to 3 axes, not {spatial}")
    if dtype_of(x).name != "float32":
        raise Refusal(f"the convolution kernels take float32, not {dtype_of(x).name}", "cast before and after")
    if kernel_shape and tuple(kernel_shape) != shape_of(w)[2:]:
        raise Refusal(f"kernel_shape {list(kernel_shape)} does not match weights of shape {list(shape_of(w))}")


def _conv_1d(
    b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, window: Window, group: int
) -> ir.Value:
    """A 2-D convolution over a height of 1."""
    n, c, length = shape_of(x)
    o, i, k = shape_of(w)
    flat = Window(
        size=(1, length),
        kernel=(1, k),
        stride=(1, *window.stride),
        dilation=(1, *window.dilation),
        pads=((0, 0), *window.pads),
    )
    y = _conv_2d(b, reshape(b, x, (n, c, 1, length)), reshape(b, w, (o, i, 1, k)), bias, flat, group)
    return reshape(b, y, (n, o, *window.out))


def _conv_2d(
    b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, window: Window, group: int
) -> ir.Value:
    x = channels_last(b, x)
    padding = window.padding()
    if padding is None:
        x, padding = pad(b, x, [(0, 0), *window.pads, (0, 0)]), "VALID"
    outputs, inputs = shape_of(w)[:2]
    shape = (shape_of(x)[0], *window.out, outputs)
    options = {
        "padding": padding,
        "stride_h": window.stride[0],
        "stride_w": window.stride[1],
        "dilation_h_factor": window.dilation[0],
        "dilation_w_factor": window.dilation[1],
    }
    operands = [x, _filter(b, w, group), _bias(b, bias, outputs)]
    if group > 1 and inputs == 1:
        multiplier = outputs // group
        y = b.emit(
            "DEPTHWISE_CONV_2D", operands, shape=shape, dtype="float32", depth_multiplier=multiplier, **options
        )
    else:
        y = b.emit("CONV_2D", operands, shape=shape, dtype="float32", **options)
    return channels_first(b, y)


def _filter(b: Builder, w: ir.Value, group: int) -> ir.Value:
    """OIHW to OHWI; where each group has one input channel, to the 1HWO of DEPTHWISE_CONV_2D."""
    if group > 1 and shape_of(w)[1] == 1:
        return transpose(b, w, (1, 2, 3, 0))
    return transpose(b, w, (0, 2, 3, 1))


def _bias(b: Builder, bias: ir.Value | None, outputs: int) -> ir.Value:
    """The kernels' bias is written even when it is zero: a file without one needs a newer runtime."""
    return b.const([0.0] * outputs, "float32") if bias is None else bias


def _conv_3d(
    b: Builder, x: ir.Value, w: ir.Value, bias: ir.Value | None, window: Window, group: int
) -> ir.Value:
    if group != 1:
        raise Refusal("CONV_3D has no groups", "use group=1")
    if array_of(w) is None:
        raise Refusal("CONV_3D takes constant weights only")
    x = channels_last(b, x)
    padding = window.padding()
    if padding is None:
        x, padding = pad(b, x, [(0, 0), *window.pads, (0, 0)]), "VALID"
    outputs = shape_of(w)[0]
    options = {
        f"{name}_{axis}{suffix}": value
        for name, suffix, values in (("stride", "", window.stride), ("dilation", "_factor", window.dilation))
        for axis, value in zip("dhw", values, strict=True)
    }
    y = b.emit(
        "CONV_3D",
        [x, transpose(b, w, (2, 3, 4, 1, 0)), _bias(b, bias, outputs)],
        shape=(shape_of(x)[0], *window.out, outputs),
        dtype="float32",
        padding=padding,
        **options,
    )
    return channels_first(b, y)

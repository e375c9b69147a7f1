"""ConvTranspose: MIL's conv_transpose, every padding form written out."""

from collections.abc import Sequence

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.convolution import with_bias
from portproof.exporter.coreml.make.padding import padded
from portproof.exporter.coreml.make.weights import is_constant, plain
from portproof.exporter.coreml.make.windows import explicit
from portproof.exporter.coreml.ops.conv import check_kernel_shape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("ConvTranspose", note="1-D, 2-D and 3-D; weights computed at run time from iOS17 on")
def conv_transpose(
    b: Builder,
    x: Var,
    w: Var,
    bias: Var | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    output_padding: Sequence[int] | None,
    output_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Var:
    """Input NC..., weights IO..., bias O; every padding form."""
    spatial = rank_of(x) - 2
    check_kernel_shape(w, kernel_shape)
    if not is_constant(w) and not b.has("iOS17"):
        raise Refusal("its weights are computed at run time", "use constant weights, or target iOS17")
    stride, dilation = list(strides or [1] * spatial), list(dilations or [1] * spatial)
    ends = _ends(x, w, auto_pad, pads, output_padding, output_shape, stride, dilation)
    # What reaches beyond the kernel is reached by zeros at the end of the kernel.
    short = [-(min(after, 0) // d) for (_, after), d in zip(ends, dilation, strict=True)]
    w = padded(b, plain(b, w) if any(short) else w, [(0, 0), (0, 0), *((0, taps) for taps in short)])
    ends = [(before, after + taps * d) for (before, after), taps, d in zip(ends, short, dilation, strict=True)]
    given = {"x": x, "weight": w, "strides": stride, "dilations": dilation, "groups": group, **explicit(ends)}
    return with_bias(b, "conv_transpose", given, bias)


def _ends(
    x: Var,
    w: Var,
    auto_pad: str,
    pads: Sequence[int] | None,
    output_padding: Sequence[int] | None,
    output_shape: Sequence[int] | None,
    stride: Sequence[int],
    dilation: Sequence[int],
) -> list[tuple[int, int]]:
    """What is cut from the full result in front and behind, for each spatial axis; negative behind to reach further.

    The rules are those of the ONNX operator's text: `output_shape` and SAME_* leave the pads to be found, half on
    each side, the odd one at the end for SAME_UPPER and at the beginning otherwise.
    """
    rank = len(stride)
    extra = list(output_padding or [0] * rank)
    if not output_shape and auto_pad in ("NOTSET", "VALID"):
        given = list(pads or [0] * 2 * rank) if auto_pad == "NOTSET" else [0] * 2 * rank
        return [(given[axis], given[axis + rank] - extra[axis]) for axis in range(rank)]
    size = shape_of(x)[2:]
    _refuse_what_onnx_contradicts(auto_pad, output_padding, output_shape, size)
    # Some writers give output_shape with batch and channels.
    wanted = list(output_shape[-rank:]) if output_shape else [n * s for n, s in zip(size, stride, strict=True)]
    ends = []
    for n, k, s, d, e, want in zip(size, shape_of(w)[2:], stride, dilation, extra, wanted, strict=True):
        full = (n - 1) * s + (k - 1) * d + 1
        total = max(full + e - want, 0)
        before = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
        ends.append((before, full - before - want))
    return ends


def _refuse_what_onnx_contradicts(
    auto_pad: str, output_padding: Sequence[int] | None, output_shape: Sequence[int] | None, size: Sequence[int]
) -> None:
    """Forms for which onnx's shape inference gives another shape than every runtime."""
    if output_shape:
        if any(out < n for out, n in zip(output_shape[-len(size) :], size, strict=True)):
            raise Refusal("an output_shape smaller than the input", "crop with pads instead")
    elif auto_pad.startswith("SAME") and any(output_padding or ()):
        raise Refusal(f"output_padding together with auto_pad={auto_pad}", "give pads instead")

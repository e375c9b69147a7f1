"""Conv: MIL's conv in one, two and three dimensions."""

from collections.abc import Sequence

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.convolution import reach_of, spread, with_bias
from portproof.exporter.coreml.make.weights import is_constant
from portproof.exporter.coreml.make.windows import padding
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Conv", note="1-D, 2-D and 3-D; float32 and float16")
def conv(
    b: Builder,
    x: Var,
    w: Var,
    bias: Var | None = None,
    *,
    auto_pad: str,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Var:
    """Input NC..., weights OI..., bias O; every padding form. Weights computed at run time are spread for dilations."""
    spatial = rank_of(x) - 2
    check_kernel_shape(w, kernel_shape)
    stride, dilation = list(strides or [1] * spatial), list(dilations or [1] * spatial)
    pad = padding(x, auto_pad, pads, reach_of(w, dilation), stride)
    if not is_constant(w) and any(d > 1 for d in dilation):
        w, dilation = spread(b, w, dilation), [1] * spatial
    given = {"x": x, "weight": w, "strides": stride, "dilations": dilation, "groups": group, **pad}
    return with_bias(b, "conv", given, bias)


def check_kernel_shape(w: Var, kernel_shape: Sequence[int] | None) -> None:
    """Refuses weights [_, _, kernel...] of another size than the node says."""
    if kernel_shape and tuple(kernel_shape) != shape_of(w)[2:]:
        raise Refusal(f"kernel_shape {list(kernel_shape)} does not match weights of shape {list(shape_of(w))}")

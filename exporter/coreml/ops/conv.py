"""Conv: MIL's conv in one, two and three dimensions."""

from collections.abc import Sequence

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.windows import padding
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, rank_of, shape_of
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
    """Input NC..., weights OI..., bias O; every padding form."""
    spatial = rank_of(x) - 2
    if kernel_shape and tuple(kernel_shape) != shape_of(w)[2:]:
        raise Refusal(f"kernel_shape {list(kernel_shape)} does not match weights of shape {list(shape_of(w))}")
    strides, dilations = list(strides or [1] * spatial), list(dilations or [1] * spatial)
    if array_of(w) is None and b.target != "iOS15" and group != 1:
        raise Refusal("its weights are computed at run time, with groups", "use constant weights, or group=1")
    return b.emit(
        "conv",
        x=x,
        weight=w,
        bias=bias,
        strides=strides,
        dilations=dilations,
        groups=group,
        **padding(auto_pad, pads, spatial),
    )

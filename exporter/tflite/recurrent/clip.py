"""The clip attribute."""

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary


def clip_to(b: Builder, x: ir.Value, limit: float | None) -> ir.Value:
    """`x` within [-limit, limit]; unchanged without a limit.

    Raises:
        Refusal: a negative limit.
    """
    if limit is None:
        return x
    if limit < 0:
        raise Refusal(f"clip is {limit}", "clip is a threshold, 0 at least")
    return binary(b, "MINIMUM", binary(b, "MAXIMUM", x, -limit), limit)

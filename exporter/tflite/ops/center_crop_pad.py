"""CenterCropPad."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.carrier import carried
from portproof.exporter.tflite.make.movement import pad, slice_
from portproof.exporter.tflite.make.parameter import declared_shape
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import dtype_of, shape_of

PAD_TYPES = frozenset({"float32", "float16", "int8", "int16", "int32", "int64", "uint8", "bool"})
_PAD_RANK = 5


@onnx_op("CenterCropPad", since=18, note="padding: up to rank 5, not float64, uint64")
def center_crop_pad(b: Builder, x: ir.Value, shape: ir.Value, *, axes: Sequence[int] | None) -> ir.Value:
    """Cut or filled with zeros alike on both ends; of an odd difference the larger half lies behind."""
    missing = [wanted - size for wanted, size in zip(declared_shape(b), shape_of(x), strict=True)]
    begin = [max(-less, 0) // 2 for less in missing]
    size = [length + min(less, 0) for length, less in zip(shape_of(x), missing, strict=True)]
    widths = [(max(more, 0) // 2, max(more, 0) - max(more, 0) // 2) for more in missing]
    cut = slice_(b, x, begin, size)
    if not any(before or after for before, after in widths):
        return cut
    if len(size) > _PAD_RANK:
        raise Refusal(f"PAD has at most {_PAD_RANK} dimensions", "crop only, or reshape to a lower rank")
    return cast(b, pad(b, carried(b, cut, PAD_TYPES, "CenterCropPad"), widths), dtype_of(x))

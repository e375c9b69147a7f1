"""CenterCropPad."""

from collections.abc import Sequence

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.parameter import declared_shape
from portproof.exporter.coreml.ops.pad import pad
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, ints_of, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axes
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("CenterCropPad", since=18)
def center_crop_pad(b: Builder, x: Var, shape: Var, *, axes: Sequence[int] | None) -> Var:
    """Cut or filled with zeros alike on both ends; of an odd difference the larger half lies behind."""
    missing = [wanted - size for wanted, size in zip(_wanted(b, x, shape, axes), shape_of(x), strict=True)]
    ends = [(-(-less // 2), less // 2) if less < 0 else (less // 2, less - less // 2) for less in missing]
    return pad(b, x, ends, "constant", None)


def _wanted(b: Builder, x: Var, shape: Var, axes: Sequence[int] | None) -> tuple[int, ...]:
    if array_of(shape) is None:
        known = declared_shape(b)
        if known is None:
            raise Refusal("shape is computed at run time", "make shape a constant of the model")
        return known
    sizes = list(shape_of(x))
    named = resolve_axes(list(axes) if axes is not None else list(range(rank_of(x))), rank_of(x))
    for axis, size in zip(named, ints_of(shape), strict=True):
        sizes[axis] = size
    return tuple(sizes)

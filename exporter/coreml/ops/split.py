"""Split: MIL's split; slices where a part is empty or its size is computed at run time."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.movement import box
from portproof.exporter.coreml.make.parameter import constant_ints, output_count, static_shape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, rank_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Split", since=2)
def split(b: Builder, x: Var, *, axis: int, split: Sequence[int] | None) -> Sequence[Var]:
    """Sizes as an attribute; equal parts without it."""
    return _split(b, x, resolve_axis(axis, rank_of(x)), split)


@onnx_op("Split", since=13)
def split_13(b: Builder, x: Var, split: Var | None = None, *, axis: int, num_outputs: int | None) -> Sequence[Var]:
    """Sizes as an input; without it equal parts, of which the last may be smaller (opset 18)."""
    along = resolve_axis(axis, rank_of(x))
    if split is None:
        return _split(b, x, along, None)
    return _split(b, x, along, constant_ints(split, "split") if array_of(split) is not None else _declared(b, along))


def _declared(b: Builder, along: int) -> list[int]:
    shapes = [static_shape(output) for output in b.source.outputs] if b.source is not None else []
    if any(shape is None for shape in shapes):
        raise Refusal("split is computed at run time", "make split a constant of the model")
    return [shape[along] for shape in shapes if shape is not None]


def _split(b: Builder, x: Var, along: int, given: Sequence[int] | None) -> Sequence[Var]:
    size, parts = x.shape[along], output_count(b)
    if not isinstance(size, int | np.integer):
        return _unknown(b, x, along, given)
    sizes = list(given) if given is not None else _even(int(size), parts)
    if sum(sizes) != size:
        raise Refusal(f"the parts {sizes} do not add up to the size {size}")
    if len(sizes) == 1:
        return [x]
    if 0 in sizes or array_of(x) is not None:
        starts = np.cumsum([0, *sizes])
        return [box(b, x, along, int(start), part) for start, part in zip(starts, sizes, strict=False)]
    return list(b.emit("split", x=x, split_sizes=np.array(sizes, np.int32), axis=along))


def _unknown(b: Builder, x: Var, along: int, given: Sequence[int] | None) -> Sequence[Var]:
    """An axis whose size is known only at run time: the sizes must be given."""
    if given is None:
        raise Refusal("the size of the axis that is split is not known before run time", "give the sizes of the parts")
    return list(b.emit("split", x=x, split_sizes=np.array(given, np.int32), axis=along))


def _even(size: int, parts: int) -> list[int]:
    """ceil(size / parts) each, what is left for the last."""
    step = -(-size // parts)
    return [max(min(step, size - step * index), 0) for index in range(parts)]

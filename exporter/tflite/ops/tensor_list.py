"""Sequences: lists of tensors while the model is converted, of which nothing is left in the file."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.body import inline, outer
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import Item, TensorList, tensors_of
from portproof.exporter.tflite.make.indices import wrap
from portproof.exporter.tflite.make.movement import reshape, slice_, transpose
from portproof.exporter.tflite.ops.concat import concat_
from portproof.exporter.tflite.ops.gather import gather_
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, rank_of, shape_of

_NOTE = "not as an input or output of the model"


@onnx_op("SequenceEmpty", since=11)
def sequence_empty(b: Builder, *, dtype: int | None) -> TensorList:
    """No tensors."""
    return TensorList(items=())


@onnx_op("SequenceConstruct", since=11, note=_NOTE)
def sequence_construct(b: Builder, *inputs: ir.Value) -> TensorList:
    """The inputs, in order."""
    return TensorList(items=tuple(inputs))


@onnx_op("SequenceAt", since=11, note="a position computed at run time: tensors of one shape")
def sequence_at(b: Builder, sequence: Item, position: ir.Value) -> ir.Value:
    """The tensor at a position, which counts from the end where it is negative."""
    items = tensors_of(sequence, "the sequence")
    if array_of(position) is not None:
        return items[_place(position, len(items), last=len(items) - 1)]
    if len({shape_of(item) for item in items}) != 1:
        raise Refusal("the position is computed at run time, and the tensors differ in shape")
    return gather_(b, _stacked(b, sequence, 0), wrap(b, reshape(b, position, ()), len(items)), axis=0)


@onnx_op("SequenceInsert", since=11, note="constant position")
def sequence_insert(b: Builder, sequence: Item, tensor: ir.Value, position: ir.Value | None = None) -> TensorList:
    """With one more tensor: in front of the one at the position, or at the end."""
    items = list(tensors_of(sequence, "the sequence"))
    items.insert(len(items) if position is None else _place(position, len(items), last=len(items)), tensor)
    return TensorList(items=tuple(items))


@onnx_op("SequenceErase", since=11, note="constant position")
def sequence_erase(b: Builder, sequence: Item, position: ir.Value | None = None) -> TensorList:
    """Without the tensor at the position, or without the last."""
    items = list(tensors_of(sequence, "the sequence"))
    if not items:
        raise Refusal("it takes a tensor out of an empty sequence")
    del items[len(items) - 1 if position is None else _place(position, len(items), last=len(items) - 1)]
    return TensorList(items=tuple(items))


@onnx_op("SequenceLength", since=11)
def sequence_length(b: Builder, sequence: Item) -> ir.Value:
    """A constant."""
    return b.const(len(tensors_of(sequence, "the sequence")), np.int64)


@onnx_op("SplitToSequence", since=11, note="constant split")
def split_to_sequence(
    b: Builder, x: ir.Value, split: ir.Value | None = None, *, axis: int, keepdims: int
) -> TensorList:
    """Parts of the sizes given, or of one size, of which the last may be smaller; without it entries of `axis`."""
    shape = shape_of(x)
    along = resolve_axis(axis, len(shape))
    parts, start = [], 0
    for size in _sizes(split, shape[along]):
        begin = [start if other == along else 0 for other in range(len(shape))]
        parts.append(slice_(b, x, begin, (*shape[:along], size, *shape[along + 1 :])))
        start += size
    if split is None and not keepdims:
        parts = [reshape(b, part, (*shape[:along], *shape[along + 1 :])) for part in parts]
    return TensorList(items=tuple(parts))


@onnx_op("ConcatFromSequence", since=11, note=_NOTE)
def concat_from_sequence(b: Builder, sequence: Item, *, axis: int, new_axis: int) -> ir.Value:
    """Joined on an axis, or stacked on a new one."""
    items = tensors_of(sequence, "the sequence")
    if not items:
        raise Refusal("it joins an empty sequence")
    shape = shape_of(items[0])
    if new_axis:
        return _stacked(b, sequence, resolve_axis(axis, len(shape) + 1))
    if not isinstance(sequence, TensorList) or sequence.stacked is None:
        return concat_(b, *items, axis=axis)
    place = resolve_axis(axis, len(shape))
    merged = (*shape[:place], len(items) * shape[place], *shape[place + 1 :])
    return reshape(b, _stacked(b, sequence, place), merged)


def _stacked(b: Builder, sequence: Item, place: int) -> ir.Value:
    """The tensors along a new axis at `place`; all have one shape."""
    items = tensors_of(sequence, "the sequence")
    if isinstance(sequence, TensorList) and sequence.stacked is not None:
        rank = rank_of(sequence.stacked)
        return transpose(b, sequence.stacked, [*range(1, place + 1), 0, *range(place + 1, rank)])
    shape = shape_of(items[0])
    return concat_(b, *[reshape(b, item, (*shape[:place], 1, *shape[place:])) for item in items], axis=place)


@onnx_op("SequenceMap", since=17, note=_NOTE)
def sequence_map(b: Builder, sequence: Item, *others: Item, body: ir.Graph) -> Sequence[TensorList]:
    """The body once for each tensor, with the one at the same place of other sequences; other tensors it gets whole."""
    items = tensors_of(sequence, "the sequence")
    lookup = outer(b)
    rows = []
    for index, item in enumerate(items):
        arguments = [other.items[index] if isinstance(other, TensorList) else other for other in others]
        rows.append(inline(b, body, [item, *arguments], lookup))
    columns = zip(*rows, strict=True) if rows else ([] for _ in body.outputs)
    return [TensorList(items=tuple(item for item in column if isinstance(item, ir.Value))) for column in columns]


def _place(position: ir.Value, length: int, *, last: int) -> int:
    """A constant position, counted from the front."""
    array = array_of(position)
    if array is None:
        raise Refusal(
            "the position is computed at run time", "use a constant position, or a tensor in place of a sequence"
        )
    given = int(array.reshape(-1)[0])
    place = given + length if given < 0 else given
    if not 0 <= place <= last:
        raise Refusal(f"position {given} of a sequence of {length}")
    return place


def _sizes(split: ir.Value | None, size: int) -> list[int]:
    if split is None:
        return [1] * size
    array = array_of(split)
    if array is None:
        raise Refusal("split is computed at run time", "make split a constant of the model")
    if array.ndim:
        sizes = [int(item) for item in array]
        if sum(sizes) != size or min(sizes, default=0) < 0:
            raise Refusal(f"the parts {sizes} do not add up to the size {size}")
        return sizes
    step = int(array)
    if step < 1:
        raise Refusal(f"parts of {step}")
    return [min(step, size - start) for start in range(0, size, step)]

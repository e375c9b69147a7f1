"""Parts of tensors, put together and taken apart."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Tensor, array_of, ints_of
from portproof.exporter.lowering.axes import resolve_axes
from portproof.exporter.lowering.refusal import Refusal

_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@onnx_op("Concat", since=4)
def concat(b: Builder, *tensors: Tensor, axis: int) -> Tensor:
    """Along one axis."""
    return b.emit("concat", axis % tensors[0].rank, list(tensors))


@onnx_op("Split", since=13)
def split(
    b: Builder, x: Tensor, sizes: Tensor | None = None, *, axis: int, num_outputs: int | None = None
) -> list[Tensor]:
    """In parts of the sizes given, else of equal size, of which the last may be smaller."""
    given = None if sizes is None else ints_of(sizes, "split")
    return _split(b, x, given, axis % x.rank)


@onnx_op("Split", since=2)
def split_2(b: Builder, x: Tensor, *, axis: int, split: Sequence[int] | None) -> list[Tensor]:
    """The sizes are an attribute."""
    return _split(b, x, None if split is None else list(split), axis % x.rank)


@onnx_op("Slice", since=10)
def slice_(
    b: Builder,
    x: Tensor,
    starts: Tensor,
    ends: Tensor,
    axes: Tensor | None = None,
    steps: Tensor | None = None,
) -> Tensor:
    """With ends beyond the tensor, negative ends and negative steps as ONNX has them."""
    first, last = ints_of(starts, "starts"), ints_of(ends, "ends")
    named = resolve_axes(list(range(len(first))) if axes is None else ints_of(axes, "axes"), x.rank)
    strides = [1] * len(named) if steps is None else ints_of(steps, "steps")
    return _sliced(b, x, {axis: slice(*ends) for axis, *ends in zip(named, first, last, strides, strict=True)})


@onnx_op("Slice", since=1)
def slice_1(b: Builder, x: Tensor, *, axes: Sequence[int] | None, ends: Sequence[int], starts: Sequence[int]) -> Tensor:
    """The numbers are attributes."""
    named = resolve_axes(list(range(len(starts)) if axes is None else axes), x.rank)
    return _sliced(b, x, {axis: slice(start, end) for axis, start, end in zip(named, starts, ends, strict=True)})


@onnx_op("Gather", since=1)
def gather(b: Builder, x: Tensor, indices: Tensor, *, axis: int) -> Tensor:
    """Entries of one axis, moved to the front and back again."""
    at = axis % x.rank
    front = [at, *(k for k in range(x.rank) if k != at)]
    places = b.cast(indices, np.int32) if indices.array is None else indices
    if places.array is not None:
        places = _constant_places(places, x.shape[at])
    taken = b.emit("gather_nd", b.transpose(x, front), b.reshape(places, (*places.shape, 1)))
    count = indices.rank
    order = [*range(count, count + at), *range(count), *range(count + at, taken.rank)]
    return b.transpose(taken, order)


@onnx_op("Pad", since=11, note="pads are constants, none is negative")
def pad(
    b: Builder, x: Tensor, pads: Tensor, value: Tensor | None = None, axes: Tensor | None = None, *, mode: str
) -> Tensor:
    """Around the axes named, else around all."""
    given = ints_of(pads, "pads")
    named = list(range(x.rank)) if axes is None else resolve_axes(ints_of(axes, "axes"), x.rank)
    if min(given, default=0) < 0 or mode not in _MODES:
        raise Refusal(f"mode {mode} with pads {given} is not written", "cut with Slice, and pad by constant or reflect")
    pairs = np.zeros((x.rank, 2), np.uint32)
    for number, axis in enumerate(named):
        pairs[axis] = given[number], given[number + len(named)]
    _check_reflection(mode, pairs, x.shape)
    filler = b.like(0, x) if value is None else array_of(value, "value").reshape(())
    return b.emit("pad", x, pairs.reshape(-1), filler, _MODES[mode])


def _check_reflection(mode: str, pairs: np.ndarray, shape: Sequence[int]) -> None:
    """Once around is what both understand; Core AI says nothing of more."""
    if mode in ("reflect", "wrap") and any(int(pair.max()) >= size for pair, size in zip(pairs, shape, strict=True)):
        raise Refusal(f"{mode} of as much as the axis has is not written", "pad in two steps")


def _constant_places(places: Tensor, size: int) -> Tensor:
    from portproof.exporter.coreai.tensors import constant

    array = array_of(places, "indices")
    if array.size and not (-size <= int(array.min()) and int(array.max()) < size):
        raise Refusal(f"indices reach beyond the axis, which has {size} entries")
    return constant((array % size).astype(np.int32) if size else array.astype(np.int32))


def _split(b: Builder, x: Tensor, sizes: list[int] | None, axis: int) -> list[Tensor]:
    if sizes is None:
        count = len(b.source.outputs) if b.source is not None else 1
        each = -(-x.shape[axis] // count)
        sizes = [min(each, x.shape[axis] - each * k) for k in range(count)]
    if len(sizes) == 1:
        return [x]
    return b.emit_all("split", x, np.array(sizes, np.uint32), np.array(axis, np.int32))


def _sliced(b: Builder, x: Tensor, parts: dict[int, slice]) -> Tensor:
    """Python's slices say what is clamped where; Core AI takes -1 - size for the end before the first entry."""
    ranges = [range(*parts.get(axis, slice(None)).indices(size)) for axis, size in enumerate(x.shape)]
    if any(not len(item) for item in ranges):
        raise Refusal("its result is empty", "leave the node away")
    starts = [item.start for item in ranges]
    stops = [item.stop if item.stop >= 0 else -size - 1 for item, size in zip(ranges, x.shape, strict=True)]
    steps = [item.step for item in ranges]
    return b.emit("slice_", x, *(np.array(numbers, np.int32) for numbers in (starts, stops, steps)))

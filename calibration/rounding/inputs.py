"""The inputs of layers as numbers whose sums are exact, and their moments over the calibration samples."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.plan import Encoding
from portproof.calibration.rounding.describe import describe
from portproof.calibration.rounding.layer import LinearLayer
from portproof.calibration.rounding.moments import Moments, sampled
from portproof.calibration.steps import Context, Sample

# Of the matrices that are summed up in one run over the samples.
_MEMORY_BYTES = 256_000_000
# Bits of an input that has no int8 encoding.
_BITS = 8
# A hundred samples then give a matrix twelve times as many rows as it has columns.
_COLUMNS_PER_ROW, _ROWS = 8, (32, 256)
_TOGETHER = 192
# A matrix of more columns is cut into slices of no more than so many: its second moments are too much memory, some
# eight times their size while it is rounded.
_WIDEST, _SLICE = 4096, 2048


@dataclass(frozen=True, kw_only=True)
class Target:
    """A layer whose weights are to be rounded.

    Attributes:
        name: of the layer.
        input: the value that its weights meet.
        encoding: of that value; None where it stays float.
        matrix: the layer in matrix form.
        block: how many columns have a scale together; None where all of an output's have.
    """

    name: str
    input: str
    encoding: Encoding | None
    matrix: LinearLayer

    block: int | None = None

    @property
    def slices(self) -> int:
        """How many parts of its columns are rounded apart, as if inputs of different parts had nothing in common."""
        columns = columns_of(self.matrix)
        if columns <= _WIDEST or self.matrix.groups > 1:
            return 1
        fits = (count for count in range(-(-columns // _SLICE), columns + 1) if columns % count == 0)
        return next((count for count in fits if (columns // count) % (self.block or 1) == 0), 1)

    def apart(self, values: NDArray[Any]) -> NDArray[Any]:
        """[groups, outputs, columns or blocks] with each slice as a group; a scale of all columns is that of each."""
        if self.slices == 1:
            return values
        if values.shape[2] == 1:
            return np.broadcast_to(values, (self.slices, *values.shape[1:]))
        return values.reshape(values.shape[1], self.slices, -1).swapaxes(0, 1)

    def together(self, values: NDArray[Any]) -> NDArray[Any]:
        """The inverse of `apart`."""
        return values if self.slices == 1 else values.swapaxes(0, 1).reshape(1, values.shape[1], -1)

    @property
    def unit(self) -> float:
        """The real value of 1 in its moments."""
        return self.encoding.scale if _is_int8(self.encoding) else 1.0

    @property
    def rows(self) -> int:
        """How many of a sample's rows are summed up: more for larger matrices."""
        return int(np.clip(columns_of(self.matrix) // _COLUMNS_PER_ROW, *_ROWS))

    def cut(self, sample: Sample) -> tuple[NDArray[np.float32], float]:
        """Rows of a sample's input as integers of few bits, and what to multiply them with to have `unit`s.

        They are the quantized input less its zero point; without an int8 encoding the input rounded to 8 bits and a
        sign, by a power of two. So few bits, that sums of products are exact.
        """
        rows = sampled(self.matrix, sample.values[self.input], self.name, str(sample.fingerprint), self.rows)
        if _is_int8(self.encoding):
            return self.encoding.quantize(rows).astype(np.float32) - np.float32(self.encoding.zero_point), 1.0
        largest = float(np.abs(rows).max(initial=0.0))
        step = math.ldexp(1.0, max(-100, math.frexp(largest)[1] - _BITS))
        return np.rint(rows / np.float32(step)).astype(np.float32), step


def _is_int8(code: Encoding | None) -> TypeGuard[Encoding]:
    return code is not None and code.dtype == "int8"


def targets(context: Context) -> list[Target]:
    """Every quantized layer that has a matrix form, in the graph's order."""
    plan, found = context.plan, []
    for name in plan.weights:
        layer = plan.layers[name]
        matrix = describe(layer, plan.weights[name].integers.shape)
        # A block is of one tap: with several the columns of a block do not lie side by side.
        if matrix is not None and not (plan.weights[name].block_size and matrix.taps * matrix.groups > 1):
            code = plan.activations.get(layer.input) if name in plan.integer else None
            block = plan.weights[name].block_size or None
            found.append(Target(name=name, input=layer.input, encoding=code, matrix=matrix, block=block))
    return found


def moments(context: Context, chosen: Sequence[Target]) -> Iterator[tuple[Target, Moments]]:
    """The moments of each layer's input in the quantized model; few layers at a time, so that memory is bounded."""
    for batch in batches(chosen):
        names = sorted({target.input for target in batch})
        found = summed(batch, context.quantized_values(names))
        yield from ((target, found[target.name]) for target in batch)


def summed(batch: Sequence[Target], samples: Iterable[Sample]) -> Mapping[str, Moments]:
    """The moments of each layer, by name, over samples that hold all their inputs."""
    sums = {target.name: _Sum(target) for target in batch}
    for sample in samples:
        for target in batch:
            sums[target.name].add(*target.cut(sample))
    return {name: total.close() for name, total in sums.items()}


class _Sum:
    """Moments of rows that come few at a time: they are multiplied when there are many."""

    def __init__(self, target: Target) -> None:
        self._groups = target.matrix.groups * target.slices
        self._total = Moments.none(self._groups, columns_of(target.matrix) // target.slices)
        self._waiting: list[NDArray[np.float32]] = []
        self._unit = 1.0

    def add(self, rows: NDArray[np.float32], unit: float) -> None:
        if unit != self._unit or sum(len(waiting) for waiting in self._waiting) >= _TOGETHER:
            self.close()
        self._unit = unit
        self._waiting.append(rows)

    def close(self) -> Moments:
        """The moments of all rows so far."""
        if self._waiting:
            rows = np.concatenate(self._waiting)
            self._total = self._total.add(rows.reshape(len(rows), self._groups, -1), self._unit)
            self._waiting = []
        return self._total


def batches(chosen: Sequence[Target], memory_bytes: int = _MEMORY_BYTES) -> Iterator[list[Target]]:
    """Layers in order, as many at a time as have matrices of so many bytes together; at least one."""
    batch: list[Target] = []
    used = 0
    for target in chosen:
        size = matrix_bytes(target.matrix) // target.slices
        if batch and used + size > memory_bytes:
            yield batch
            batch, used = [], 0
        batch.append(target)
        used += size
    if batch:
        yield batch


def matrix_bytes(matrix: LinearLayer) -> int:
    """Of the second moments of a layer, all its columns together."""
    return 8 * matrix.groups * columns_of(matrix) ** 2


def columns_of(matrix: LinearLayer) -> int:
    """Weights of one output channel."""
    return math.prod(matrix.weight_shape) // channels_of(matrix)


def channels_of(matrix: LinearLayer) -> int:
    """Output channels."""
    return matrix.weight_shape[matrix.channel_axis] * (matrix.groups if matrix.op == "ConvTranspose" else 1)

"""Linear quantisation of weights: whole numbers times a scale, symmetric about zero."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portproof.exporter.coreml.values import Array

_SHRINKS = (1.0, 0.96, 0.92, 0.88, 0.84, 0.8)
"""With 4 bits, how much of a block's range is kept: to cut the largest off may cost less than to round all coarser."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """Weights as numbers and scales.

    Attributes:
        data: int8, in the weights' shape; of 4 bits -8 to 7.
        scale: of the weights' type and rank; as many along each axis as there are blocks.
    """

    data: NDArray[np.int8]
    scale: Array

    def dense(self) -> Array:
        """What is computed with, in the weights' type: the product is taken in float32 and rounded once."""
        wide = self.scale.astype(np.float32)
        for axis, (size, count) in enumerate(zip(self.data.shape, self.scale.shape, strict=True)):
            wide = wide.repeat(size // count, axis)
        product: Array = (self.data.astype(np.float32) * wide).astype(self.scale.dtype)
        return product


def quantize(weights: Array, blocks: Sequence[int], bits: int) -> Linear | None:
    """Weights as numbers of `bits` bits; None where a scale would leave the weights' own type.

    Args:
        weights: float16 or float32, finite.
        blocks: elements along each axis that share a scale; each divides its axis.
        bits: 4 or 8.
    """
    top = 2 ** (bits - 1) - 1
    parts = _in_blocks(weights.astype(np.float64), blocks)
    inner = tuple(range(1, parts.ndim, 2))
    largest = np.abs(parts).max(axis=inner, keepdims=True)
    best, error = _scaled(largest, 1.0, top, weights.dtype), None
    # A scale that underflows, or is coarser than the weights, is no use: float16 has numbers down to 6e-8 only.
    if ((best == 0) & (largest > 0)).any() or (largest > best.astype(np.float64) * (top + 1)).any():
        return None
    for shrink in _SHRINKS if bits == 4 else ():
        scale = _scaled(largest, shrink, top, weights.dtype)
        off = ((parts - _numbers(parts, scale, top) * scale.astype(np.float64)) ** 2).sum(axis=inner, keepdims=True)
        better = np.ones_like(off, bool) if error is None else off < error
        best, error = np.where(better, scale, best), np.where(better, off, off if error is None else error)
    data = _numbers(parts, best, top).reshape(weights.shape).astype(np.int8)
    return Linear(data=data, scale=np.where(best == 0, best.dtype.type(1), best).squeeze(inner))


def _in_blocks(weights: Array, blocks: Sequence[int]) -> Array:
    """Each axis as two: which block, and where in it."""
    shape = [part for size, block in zip(weights.shape, blocks, strict=True) for part in (size // block, block)]
    return weights.reshape(shape)


def _scaled(largest: Array, shrink: float, top: int, dtype: np.dtype[np.floating]) -> Array:
    scale: Array = (largest * shrink / top).astype(dtype)
    return scale


def _numbers(parts: Array, scale: Array, top: int) -> Array:
    divisor = np.where(scale == 0, 1.0, scale.astype(np.float64))
    low = -top - 1 if top == 7 else -top
    numbers: Array = np.clip(np.rint(parts / divisor), low, top)
    return numbers

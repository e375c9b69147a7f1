"""Sparse weights: which elements are zero, and the others."""

import numpy as np

from portproof.exporter.coreml.values import Array


def pruned(weights: Array, share: float) -> Array:
    """`weights` with the smallest set to zero, as many as make up `share` of them; of equal ones the first."""
    wanted = round(share * weights.size)
    smallest = np.argsort(np.abs(weights).reshape(-1), kind="stable")[:wanted]
    flat = weights.reshape(-1).copy()
    flat[smallest] = 0
    return flat.reshape(weights.shape)


def packed(numbers: Array, bits: int) -> Array:
    """Numbers below 2**bits one after the other in bytes, the least significant bit first."""
    single = (numbers.reshape(-1, 1) >> np.arange(bits)) & 1
    return np.packbits(single.astype(np.uint8).reshape(-1), bitorder="little")

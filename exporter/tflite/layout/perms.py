"""Permutations of axes.

A tensor of the literal graph has logical axes; stored with permutation `p` its storage axis `i` is logical axis
`p[i]`, as `numpy.transpose(p)` has it.
"""

import functools
from collections.abc import Sequence

Perm = tuple[int, ...]


@functools.cache
def identity(rank: int) -> Perm:
    """The permutation that changes nothing."""
    return tuple(range(rank))


@functools.lru_cache(maxsize=4096)
def inverse(perm: Perm) -> Perm:
    """The permutation that undoes `perm`."""
    result = [0] * len(perm)
    for place, axis in enumerate(perm):
        result[axis] = place
    return tuple(result)


@functools.lru_cache(maxsize=4096)
def compose(first: Perm, second: Perm) -> Perm:
    """The permutation of ``x.transpose(first).transpose(second)``."""
    return tuple(first[axis] for axis in second)


def permute(items: Sequence[int], perm: Perm) -> list[int]:
    """`items`, one for each logical axis, in storage order."""
    return [items[axis] for axis in perm]


def key(perm: Perm, shape: Sequence[int]) -> Perm:
    """What `perm` does to the bytes: the order of the axes that have more than one element.

    Two permutations with the same key store the same bytes; a RESHAPE leads from one to the other.
    """
    return _key(perm, tuple(shape))


@functools.lru_cache(maxsize=4096)
def _key(perm: Perm, shape: tuple[int, ...]) -> Perm:
    return tuple(axis for axis in perm if shape[axis] != 1)


def with_order(order: Perm, shape: Sequence[int]) -> Perm:
    """A permutation of all axes of `shape` whose key is `order`, as near to a usual layout as can be.

    Axes of one element are free; identity and channels-last are tried first so that kernels find the layout they
    want without a RESHAPE.
    """
    rank = len(shape)
    usual: list[Perm] = [identity(rank)] + ([(0, *range(2, rank), 1)] if rank > 2 else [])
    for perm in usual:
        if key(perm, shape) == order:
            return perm
    result: list[int] = []
    ones = [axis for axis in range(rank) if shape[axis] == 1]
    for axis in order:
        while ones and ones[0] < axis:
            result.append(ones.pop(0))
        result.append(axis)
    return (*result, *ones)

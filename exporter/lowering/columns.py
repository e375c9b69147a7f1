"""Where the elements of an image lie in the columns that its blocks were laid out in."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sources_of(
    image: Sequence[int], block: Sequence[int], strides: Sequence[int], dilations: Sequence[int], pads: Sequence[int]
) -> Array:
    """Where each element of the image comes from: int32 [terms, elements].

    An entry is 0 for nothing, else 1 + tap * blocks + block. As few terms as the element that most blocks cover has.
    """
    rank = len(image)
    steps = [
        (size + pads[axis] + pads[axis + rank] - dilations[axis] * (block[axis] - 1) - 1) // strides[axis] + 1
        for axis, size in enumerate(image)
    ]
    found: list[list[int]] = [[] for _ in range(math.prod(image))]
    blocks = math.prod(steps)
    for tap, offset in enumerate(itertools.product(*map(range, block))):
        for number, place in enumerate(itertools.product(*map(range, steps))):
            at = [
                p * s - pads[k] + o * dilations[k]
                for k, (p, s, o) in enumerate(zip(place, strides, offset, strict=True))
            ]
            if all(0 <= position < size for position, size in zip(at, image, strict=True)):
                found[int(np.ravel_multi_index(at, image))].append(1 + tap * blocks + number)
    terms = max(map(len, found), default=0) or 1
    return np.array([sources + [0] * (terms - len(sources)) for sources in found], np.int32).T

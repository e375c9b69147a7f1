"""Channels of a hidden value that hold nearly all of its range get float products of their own.

What transformers put behind a Gelu has one to four channels ten times as large as the other thousand: they set the
step of each row, and all others are rounded by it. Few as they are they cost next to nothing in float. (LLM.int8(),
Dettmers et al., arXiv:2208.07339, takes such channels out of each product when running; here it is done once, between
two products, where nothing needs to be looked for or masked when running.)
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.steps import Context
from portproof.calibration.transforms import hidden
from portproof.calibration.transforms.smooth import Rows, observe, product_error, row_error

if TYPE_CHECKING:
    import onnx_ir as ir

Floats = NDArray[np.float64]

_COUNTS = (1, 2, 4, 8, 16)
_LEAST_CHANNELS = 64  # to each that is taken out
_WORTH = 0.5  # of the squared error, that it must save
_ABOUT = 1.1  # of the least error: fewer channels are taken if they do about as well
_MOST_OUTPUTS = 128


class FewChannels:
    """Takes the channels that stand out of a feed-forward block out of its products, if that halves the error.

    Attributes:
        name: as the report shows it.
        by_row: whether each row of an input has a scale of its own, as where it is quantized when running.
    """

    name = "few channels apart"
    adds_float = True

    def __init__(self, *, by_row: bool = False) -> None:
        self.by_row = by_row

    def groups(self, model: "ir.Model") -> tuple[str, ...]:
        """The names of the values between two products."""
        return tuple(each.name for each in hidden.find(model))

    def apply(self, model: "ir.Model", groups: Collection[str], context: Context) -> None:
        """Choose channels and split, for these values; rows and ranges are those of the float model."""
        chosen = [each for each in hidden.find(model) if each.name in groups]
        observed = observe([each.name for each in chosen], context)
        for each in chosen:
            channels = self.search(observed[each.name], each.reader.weights())
            if channels:
                hidden.split(model, each, channels)

    def search(self, rows: Rows, weights: Floats) -> tuple[int, ...]:
        """The channels whose absence halves the error of ``rows @ weights`` in int8; none where none do.

        Args:
            rows: of the input.
            weights: [inputs, outputs].
        """
        measure = row_error if self.by_row else product_error
        few, ones = weights[:, :: -(-weights.shape[1] // _MOST_OUTPUTS)], np.ones(len(weights))
        order = list(_by_range(rows, max(_COUNTS)))
        counts = [count for count in _COUNTS if count * _LEAST_CHANNELS <= len(weights) and count <= len(order)]
        errors = {count: measure(*_less(rows, few, order[:count]), ones) for count in counts}
        plain, least = measure(rows, few, ones), min(errors.values(), default=np.inf)
        if least > plain * (1.0 - _WORTH):
            return ()
        return tuple(order[: next(count for count, error in errors.items() if error <= least * _ABOUT)])


def _by_range(rows: Rows, count: int) -> Iterator[int]:
    """Channels one by one, each time the one that sets the ends of the most rows."""
    some = rows.some.copy()
    for _ in range(min(count, some.shape[1])):
        ends = np.concatenate([some.argmax(axis=1), some.argmin(axis=1)])
        squares = np.square(np.concatenate([some.max(axis=1), some.min(axis=1)]))
        channel = int(np.bincount(ends, squares, some.shape[1]).argmax())
        yield channel
        some[:, channel] = 0.0


def _less(rows: Rows, weights: Floats, channels: Collection[int]) -> tuple[Rows, Floats]:
    """Rows and weights that are zero at some channels."""
    kept = np.ones(len(weights))
    kept[list(channels)] = 0.0
    return Rows(low=rows.low * kept, high=rows.high * kept, some=rows.some * kept), weights * kept[:, None]

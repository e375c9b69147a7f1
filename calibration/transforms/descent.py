"""Factors for channels by gradient descent: those of the least noise that rounding adds to products.

Of rows x with a scale of their own, divided by factors f, and weights w multiplied with them, rounding adds

    mean(step(x / f)^2) / 12 * sum_j f_j^2 |w_j|^2  +  sum_c step(f w_c)^2 / 12 * sum_j mean(x_j^2) / f_j^2

with steps of a range over 255 levels for a row, of the largest over 127 for the weights of an output. It is a function
of log f with a gradient almost everywhere, and where a search of a line (`smooth.migration`, `smooth.lowered`) ends is
a good place to begin.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STEPS, _RATE = 100, 0.05
_FIRST, _SECOND = 0.9, 0.99  # Adam's decays (Kingma and Ba, arXiv:1412.6980)
_TINY = 1e-12


def descend(rows: Floats, weights: Floats, start: Floats) -> Floats:
    """The factors [inputs] of the least noise on the way down from `start`.

    Args:
        rows: what the products read, [rows, inputs].
        weights: [inputs, outputs].
        start: factors, above 0.
    """
    logs = np.log(start)
    first, second = np.zeros_like(logs), np.zeros_like(logs)
    least, best = np.inf, logs
    noise = _Noise(rows, weights)
    for turn in range(1, _STEPS + 1):
        found, slope = noise.at(logs)
        if found < least:
            least, best = found, logs
        first = _FIRST * first + (1 - _FIRST) * slope
        second = _SECOND * second + (1 - _SECOND) * slope**2
        move = first / (1 - _FIRST**turn) / (np.sqrt(second / (1 - _SECOND**turn)) + _TINY)
        logs = logs - _RATE * (1 - turn / _STEPS) * move
    return np.exp(best)


class _Noise:
    """The sum above, and its slope by the logarithm of each factor."""

    def __init__(self, rows: Floats, weights: Floats) -> None:
        self.rows, self.weights = rows, np.abs(weights)
        self.power, self.norms = np.square(rows).mean(axis=0), np.square(weights).sum(axis=1)

    def at(self, logs: Floats) -> tuple[float, Floats]:
        """The logarithm of the noise, so that neither layers nor units matter, and its slope."""
        factors = np.exp(logs)
        of_rows, rows_slope = self._of_rows(factors)
        of_weights, weights_slope = self._of_weights(factors)
        met, read = self.norms * factors**2, self.power / factors**2
        noise = of_rows * met.sum() + of_weights * read.sum() + _TINY
        slope = rows_slope * met.sum() + 2 * of_rows * met + weights_slope * read.sum() - 2 * of_weights * read
        return float(np.log(noise)), slope / noise

    def _of_rows(self, factors: Floats) -> tuple[float, Floats]:
        scaled = self.rows / factors
        each = np.arange(len(scaled))
        top, bottom = scaled.argmax(axis=1), scaled.argmin(axis=1)
        high, low = np.maximum(scaled[each, top], 0.0), np.minimum(scaled[each, bottom], 0.0)
        width = (high - low) / (255.0**2 * len(scaled))
        slope = np.zeros_like(factors)
        np.add.at(slope, top, -2 * width * high)
        np.add.at(slope, bottom, 2 * width * low)
        return float((width * (high - low)).sum()), slope

    def _of_weights(self, factors: Floats) -> tuple[float, Floats]:
        moved = self.weights * factors[:, None]
        largest = moved.argmax(axis=0)
        squares = np.square(moved[largest, np.arange(moved.shape[1])]) / 127.0**2
        slope = np.zeros_like(factors)
        np.add.at(slope, largest, 2 * squares)
        return float(squares.sum()), slope

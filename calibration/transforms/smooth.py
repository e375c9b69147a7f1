"""Scale migration for transformers: outlier channels of activations are divided, the weights that meet them multiplied.

SmoothQuant (Xiao et al., arXiv:2211.10438) divides channel j by ``max|x_j|^a / max|w_j|^(1 - a)``; how much goes to
the weights, ``a``, is searched here for each group of products, by the error of the products themselves on rows of
the calibration samples.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.rounding.layer import LinearLayer
from portproof.calibration.rounding.moments import sampled
from portproof.calibration.steps import Context
from portproof.calibration.transforms import products

if TYPE_CHECKING:
    import onnx_ir as ir

Floats = NDArray[np.float64]

ALPHAS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
# A second normalisation, where the first has other readers, must save this share of the squared error.
_WORTH = 0.2
_ROWS, _MOST_ROWS = 16, 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """What a group's products read, on the calibration samples.

    Attributes:
        low: least value of each channel, [inputs].
        high: largest.
        some: rows for the search, [rows, inputs].
    """

    low: Floats
    high: Floats
    some: Floats


class ScaleMigration:
    """Divides channels before matrix products: in the normalisation, or the Mul by a constant, that makes them.

    Where the residual stream reads the same value, a second normalisation makes the products' own, so that each has a
    scale of its own when it is rounded. A group whose products do not come nearer with any alpha stays as it is.

    Attributes:
        name: as the report shows it.
        alphas: shares of the range that goes to the weights, that are tried.
        by_row: whether each row of an input has a scale of its own, as where it is quantized when running.
    """

    name = "scale migration"

    def __init__(self, alphas: Sequence[float] = ALPHAS, *, by_row: bool = False) -> None:
        self.alphas, self.by_row = tuple(alphas), by_row

    def groups(self, model: "ir.Model") -> tuple[str, ...]:
        """The names of the values, made by such a node, that products with constant weights read."""
        return tuple(group.name for group in products.find(model))

    def apply(self, model: "ir.Model", groups: Collection[str], context: Context) -> None:
        """Search and divide, for these groups; rows and ranges are those of the float model."""
        chosen = [group for group in products.find(model) if group.name in groups]
        observed = observe([group.name for group in chosen], context)
        for group in chosen:
            factors = self.search(observed[group.name], group.weights(), free=group.is_free)
            if factors is not None:
                products.divide(model, group, factors)

    def search(self, rows: Rows, weights: Floats, *, free: bool) -> Floats | None:
        """The factors [inputs] of the least error of ``rows @ weights`` in int8; None for leaving it.

        Args:
            rows: of the input.
            weights: [inputs, outputs].
            free: whether factors cost nothing: else they must save a fifth.
        """
        ones = np.ones(len(weights))
        measure = row_error if self.by_row else product_error
        best, least = None, measure(rows, weights, ones) * (1.0 if free else 1 - _WORTH)
        for alpha in self.alphas:
            factors = migration(rows, weights, alpha)
            error = measure(rows, weights, factors)
            if error < least:
                best, least = factors, error
        return best


def migration(rows: Rows, weights: Floats, alpha: float) -> Floats:
    """SmoothQuant's factors, their geometric mean 1; a channel that is always zero, or met by no weight, keeps 1."""
    largest, met = np.maximum(-rows.low, rows.high), np.abs(weights).max(axis=1)
    used = (largest > 0) & (met > 0)
    factors = np.ones(len(weights))
    factors[used] = largest[used] ** alpha / met[used] ** (1 - alpha)
    if used.any():
        factors[used] /= np.exp(np.log(factors[used]).mean())
    return factors


def product_error(rows: Rows, weights: Floats, factors: Floats) -> float:
    """Squared error of the products: int8 inputs of one scale for all, int8 weights with a scale for each output."""
    scaled = rows.some / factors
    low, high = min(0.0, float((rows.low / factors).min())), max(0.0, float((rows.high / factors).max()))
    step = max((high - low) / 255, 1e-30)
    rounded = np.clip(np.rint(scaled / step), np.rint(low / step), np.rint(low / step) + 255) * step
    return _error(rounded, rows, weights, factors)


def row_error(rows: Rows, weights: Floats, factors: Floats) -> float:
    """The same where each row has a scale of its own, as LiteRT's kernels find them when running."""
    scaled = rows.some / factors
    low, high = (np.minimum(scaled.min(axis=1), 0.0), np.maximum(scaled.max(axis=1), 0.0))
    step = np.maximum((high - low) / 255, 1e-30)[:, None]
    return _error(np.rint(scaled / step) * step, rows, weights, factors)


def _error(rounded: Floats, rows: Rows, weights: Floats, factors: Floats) -> float:
    moved = weights * factors[:, None]
    steps = np.maximum(np.abs(moved).max(axis=0) / 127, 1e-30)
    error = rounded @ (np.rint(moved / steps) * steps) - rows.some @ weights
    return float((error**2).sum())


def observe(names: Sequence[str], context: Context) -> dict[str, Rows]:
    """Ranges of channels and some rows of values, by name, over the calibration samples."""
    ends: dict[str, tuple[Floats, Floats]] = {}
    some: dict[str, list[Floats]] = {name: [] for name in names}
    for sample in context.float_values(names):
        for name in names:
            flat = sample.values[name].reshape(-1, sample.values[name].shape[-1])
            low, high = flat.min(axis=0).astype(np.float64), flat.max(axis=0).astype(np.float64)
            old = ends.get(name, (low, high))
            ends[name] = np.minimum(old[0], low), np.maximum(old[1], high)
            if sum(len(rows) for rows in some[name]) < _MOST_ROWS:
                matrix = LinearLayer(op="MatMul", weight_shape=(flat.shape[1], 1))
                cut = sampled(matrix, flat, name, str(sample.fingerprint), _ROWS)
                some[name].append(cut[:, 0].astype(np.float64))
    return {name: Rows(low=ends[name][0], high=ends[name][1], some=np.concatenate(some[name])) for name in names}

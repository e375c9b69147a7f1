"""Scale migration for transformers: outlier channels of activations are divided, the weights that meet them multiplied.

SmoothQuant (Xiao et al., arXiv:2211.10438) divides channel j by ``max|x_j|^a / max|w_j|^(1 - a)``. Where a few channels
alone stand out, as behind a Gelu, it moves the others for nothing: so channels that exceed a share of the largest are
also tried brought down to it, all others left. Which ``a``, or which share, is searched for each group of products, by
the error of the products themselves on rows of the calibration samples, ranges clipped where that lessens it; where
rows have scales of their own, gradient descent goes on from there. Channels are moved to around zero first where their
normalisation and the products have biases to take that (`shifts`), if that is better.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.rounding.layer import LinearLayer
from portproof.calibration.rounding.moments import sampled
from portproof.calibration.steps import Context
from portproof.calibration.transforms import products
from portproof.calibration.transforms.descent import descend

if TYPE_CHECKING:
    import onnx_ir as ir

Floats = NDArray[np.float64]

ALPHAS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
SHARES = (0.75, 0.55, 0.4, 0.3, 0.2, 0.14, 0.1, 0.07)
# What is computed besides, a second normalisation or a Mul, must save this share of the squared error.
_WORTH, _WORTH_OF_MUL = 0.2, 0.5
_KEPT = (1.0, 0.8, 0.65, 0.5)  # of a range, where some is clipped
# What is searched on: it is tried for many factors.
_ROWS, _MOST_ROWS, _MOST_OUTPUTS = 16, 384, 128


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

    def less(self, shift: Floats) -> "Rows":
        """Of the value minus `shift` [inputs]."""
        return Rows(low=self.low - shift, high=self.high - shift, some=self.some - shift)


@dataclass(frozen=True, kw_only=True, eq=False)
class Move:
    """What is done to a value before it is rounded: (x - shift) / factors.

    Attributes:
        factors: above 0, [inputs].
        shift: [inputs]; None where nothing is taken off.
    """

    factors: Floats
    shift: Floats | None = None


class ScaleMigration:
    """Divides channels before matrix products: in the normalisation, or the Mul by a constant, that makes them.

    Where the residual stream reads the same value, a second normalisation makes the products' own, so that each has a
    scale of its own when it is rounded; behind a function that no factor moves through (Gelu) it is a Mul. A group
    whose products do not come nearer, or not so much nearer as that is worth, stays as it is.

    Attributes:
        name: as the report shows it.
        alphas: shares of the range that goes to the weights, that are tried.
        by_row: whether each row of an input has a scale of its own, as where it is quantized when running.
    """

    name = "scale migration"
    adds_float = False

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
            worth = _WORTH_OF_MUL if group.needs_mul else 0.0 if group.is_free else _WORTH
            move = self.search(observed[group.name], group.weights(), worth=worth, shifts=group.takes_shift)
            if move is not None:
                products.divide(model, group, move.factors, move.shift)

    def search(self, rows: Rows, weights: Floats, *, worth: float = 0.0, shifts: bool = False) -> Move | None:
        """What makes the error of ``rows @ weights`` in int8 the least; None for leaving it.

        Args:
            rows: of the input.
            weights: [inputs, outputs].
            worth: share of the squared error that it must save.
            shifts: whether a shift is tried too.
        """
        measure = row_error if self.by_row else product_error
        few = weights[:, :: -(-weights.shape[1] // _MOST_OUTPUTS)]
        found = [self._best(rows, weights, few)]
        if shifts:
            shift = rows.some.mean(axis=0) if self.by_row else (rows.low + rows.high) / 2
            error, move = self._best(rows.less(shift), weights, few)
            found.append((error, Move(factors=move.factors, shift=shift)))
        error, best = min(found, key=lambda each: each[0])
        plain = measure(rows, few, np.ones(len(weights)))
        return best if error < plain * (1.0 - worth) else None

    def _best(self, rows: Rows, weights: Floats, few: Floats) -> tuple[float, Move]:
        """The least error, and the factors that give it."""
        measure = row_error if self.by_row else product_error
        tried = ((measure(rows, few, factors), factors) for factors in self._candidates(rows, weights))
        least, best = min(tried, key=lambda each: each[0])
        if self.by_row:
            further = descend(rows.some, few, best)
            least, best = min((least, best), (measure(rows, few, further), further), key=lambda each: each[0])
        return least, Move(factors=best)

    def _candidates(self, rows: Rows, weights: Floats) -> Iterator[Floats]:
        yield np.ones(len(weights))
        yield from (migration(rows, weights, alpha) for alpha in self.alphas)
        yield from (lowered(rows, share) for share in SHARES)


def migration(rows: Rows, weights: Floats, alpha: float) -> Floats:
    """SmoothQuant's factors, their geometric mean 1; a channel that is always zero, or met by no weight, keeps 1."""
    largest, met = np.maximum(-rows.low, rows.high), np.abs(weights).max(axis=1)
    used = (largest > 0) & (met > 0)
    factors = np.ones(len(weights))
    factors[used] = largest[used] ** alpha / met[used] ** (1 - alpha)
    if used.any():
        factors[used] /= np.exp(np.log(factors[used]).mean())
    return factors


def lowered(rows: Rows, share: float) -> Floats:
    """Factors, 1 or more, that bring every channel down to a share of the largest one's range."""
    largest = np.maximum(-rows.low, rows.high)
    most = share * float(largest.max(initial=0.0))
    return np.maximum(1.0, largest / most) if most > 0 else np.ones(len(largest))


def product_error(rows: Rows, weights: Floats, factors: Floats) -> float:
    """Squared error of the products: int8 inputs of one scale for all, int8 weights with a scale for each output.

    Ends of the range are drawn in together as far as that lessens the error.
    """
    scaled = (rows.some / factors).astype(np.float32)
    low, high = min(0.0, float((rows.low / factors).min())), max(0.0, float((rows.high / factors).max()))
    tried = (_rounded(scaled, low * kept, high * kept) for kept in _KEPT)
    return _least_error(tried, rows, weights, factors)


def _rounded(scaled: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    step = max((high - low) / 255, 1e-30)
    first = round(low / step)
    return np.asarray(np.clip(np.rint(scaled / np.float32(step)), first, first + 255) * np.float32(step), np.float32)


def row_error(rows: Rows, weights: Floats, factors: Floats) -> float:
    """The same where each row has a scale of its own, as LiteRT's kernels find them when running."""
    scaled = rows.some / factors
    low, high = (np.minimum(scaled.min(axis=1), 0.0), np.maximum(scaled.max(axis=1), 0.0))
    step = np.maximum((high - low) / 255, 1e-30)[:, None]
    return _least_error([np.rint(scaled / step) * step], rows, weights, factors)


def _least_error(tried: Iterable[NDArray[Any]], rows: Rows, weights: Floats, factors: Floats) -> float:
    moved = weights * factors[:, None]
    steps = np.maximum(np.abs(moved).max(axis=0) / 127, 1e-30)
    integers = (np.rint(moved / steps) * steps).astype(np.float32)
    wanted = rows.some.astype(np.float32) @ weights.astype(np.float32)
    errors = (each.astype(np.float32) @ integers - wanted for each in tried)
    return min(float(np.square(error, dtype=np.float64).sum()) for error in errors)


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

import numpy as np
import pytest
from numpy.typing import NDArray

from portproof.calibration.observe import histogram, ranges

CHANCE = np.random.default_rng(0)
NORMAL = CHANCE.normal(size=100_000).astype(np.float32)
HEAVY = CHANCE.standard_t(3, size=100_000).astype(np.float32)
RELU = np.maximum(NORMAL, 0)


def true_error(values: NDArray[np.float32], limits: ranges.Range) -> float:
    held = ranges.encoding(limits)
    return float(((held.dequantize(held.quantize(values)) - values).astype(np.float64) ** 2).sum())


@pytest.mark.parametrize("values", [NORMAL, HEAVY, RELU], ids=["normal", "heavy", "relu"])
def test_the_estimated_error_is_the_true_one(values: NDArray[np.float32]) -> None:
    found = histogram.of(values)
    for name, estimate in ranges.ESTIMATORS.items():
        limits = estimate(found, 256)
        assert ranges.squared_error(found, limits) == pytest.approx(true_error(values, limits), rel=0.06), name


@pytest.mark.parametrize("values", [NORMAL, HEAVY, RELU], ids=["normal", "heavy", "relu"])
def test_mse_and_best_are_no_worse_than_the_others(values: NDArray[np.float32]) -> None:
    found = histogram.of(values)
    errors = {name: true_error(values, estimate(found, 256)) for name, estimate in ranges.ESTIMATORS.items()}
    assert errors["best"] <= 1.02 * min(errors.values())
    assert errors["mse"] <= 1.02 * errors["minmax"]


def test_mse_clips_what_is_rare_and_far() -> None:
    low, high = ranges.mse(histogram.of(HEAVY), 256)
    assert HEAVY.min() < low < 0 < high < HEAVY.max()


def test_percentile_leaves_out_the_tails() -> None:
    low, high = ranges.percentile(histogram.of(NORMAL))
    outside = np.count_nonzero((low > NORMAL) | (high < NORMAL))
    assert 0 < outside <= 12  # 0.01 % of 100,000, to a bin's edge
    assert ranges.percentile(histogram.of(RELU))[0] == 0.0


def test_entropy_clips_what_is_rare_and_keeps_an_even_distribution_whole() -> None:
    assert ranges.entropy(histogram.of(HEAVY))[1] < HEAVY.max()
    even = histogram.of(np.linspace(0, 6, 60_000, dtype=np.float32))
    assert ranges.entropy(even)[1] == pytest.approx(6.0, rel=0.04)


@pytest.mark.parametrize("name", ranges.ESTIMATORS)
def test_zero_is_in_every_range(name: str) -> None:
    for values in (np.full(5, 3.0), np.full(5, -3.0), np.zeros(5), np.linspace(2, 3, 50)):
        low, high = ranges.ESTIMATORS[name](histogram.of(values.astype(np.float32)), 256)
        assert low <= 0.0 <= high
        held = ranges.encoding((low, high))
        assert held.dequantize(np.asarray(held.zero_point)) == 0.0


def test_encodings() -> None:
    relu6 = ranges.encoding((0.0, 6.0))
    assert (relu6.zero_point, relu6.scale) == (-128, float(np.float32(6 / 255)))
    assert (relu6.low, relu6.high) == (0.0, pytest.approx(6.0))
    both = ranges.encoding((-1.0, 3.0))
    assert both.low == pytest.approx(-1.0, abs=both.scale)
    assert both.high == pytest.approx(3.0, abs=both.scale)
    symmetric = ranges.encoding((-1.0, 3.0), symmetric=True)
    assert (symmetric.zero_point, symmetric.high) == (0, pytest.approx(3.0))
    wide = ranges.encoding((-1.0, 3.0), "int16")
    assert (wide.zero_point, wide.dtype, wide.high) == (0, "int16", pytest.approx(3.0))
    assert ranges.encoding((0.0, 0.0)).scale > 0

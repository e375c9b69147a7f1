import numpy as np
import pytest

from portproof.exporter.coreml.weights.palette import indices, palette


def sqnr_db(weights: np.ndarray, count: int) -> float:
    table = palette(weights, count)
    dense = table[indices(weights, table)]
    return float(10 * np.log10((weights.astype(float) ** 2).sum() / ((weights.astype(float) - dense) ** 2).sum()))


@pytest.mark.parametrize(("bits", "best"), [(1, 4.40), (2, 9.30), (3, 14.62), (4, 20.22), (6, 31.9), (8, 43.8)])
def test_close_to_the_best_quantizer_of_a_normal_distribution(bits: int, best: float) -> None:
    """Max's table (1960): mean square errors of 0.3634, 0.1175, 0.03454, 0.009497 of the variance at 1 to 4 bits."""
    weights = np.random.default_rng(bits).standard_normal(100_000).astype(np.float32)
    assert sqnr_db(weights, 2**bits) > best - 0.25


def test_few_values_are_kept_as_they_are() -> None:
    weights = np.array([3, -1, 0.5, 3, 0.5], np.float16)
    table = palette(weights, 4)
    assert (table.dtype, table.tolist()) == (np.float16, [-1, 0.5, 3, 3])
    np.testing.assert_array_equal(table[indices(weights, table)], weights)


def test_each_weight_goes_to_the_nearest() -> None:
    weights = np.random.default_rng(1).standard_normal((8, 9)).astype(np.float32)
    table = palette(weights, 8)
    distance = np.abs(weights[..., None] - table)
    found = np.take_along_axis(distance, indices(weights, table)[..., None].astype(int), -1)[..., 0]
    np.testing.assert_array_equal(found, distance.min(-1))


def test_no_value_is_idle_where_many_weights_are_zero() -> None:
    rng = np.random.default_rng(2)
    weights = (rng.standard_normal(5000) * (rng.random(5000) < 0.1)).astype(np.float32)
    table = palette(weights, 16)
    assert set(indices(weights, table).tolist()) == set(range(16))
    assert len(set(table.tolist())) == 16

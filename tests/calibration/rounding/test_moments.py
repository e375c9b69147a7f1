import itertools

import numpy as np
import pytest

from portproof.calibration.rounding.layer import LinearLayer
from portproof.calibration.rounding.moments import Moments, sampled


def _rows(count, groups=2, columns=5, largest=255, seed=0):
    chance = np.random.default_rng(seed)
    return chance.integers(-largest, largest + 1, size=(count, groups, columns)).astype(np.float32)


def _same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.as_arrays().values(), other.as_arrays().values(), strict=True))


@pytest.mark.parametrize("largest", [3, 255, 32767])
def test_sums_are_exact(largest):
    rows = _rows(700, largest=largest)
    moments = Moments.of(rows)
    exact = rows.astype(np.int64)
    np.testing.assert_array_equal(moments.second.astype(np.int64), np.einsum("ngi,ngj->gij", exact, exact))
    np.testing.assert_array_equal(moments.first.astype(np.int64), exact.sum(axis=0))
    assert moments.rows == 700


def test_any_sharding_and_order_gives_the_same_bits():
    parts = [_rows(100 + 37 * i, seed=i) for i in range(4)]
    whole = Moments.of(np.concatenate(parts))
    for order in itertools.permutations(parts):
        merged = Moments.none(2, 5)
        for part in order:
            merged = merged.add(part)
        assert _same(merged, whole)
    pairs = Moments.of(parts[3]).merged(Moments.of(parts[0])), Moments.of(parts[2]).merged(Moments.of(parts[1]))
    assert _same(pairs[1].merged(pairs[0]), whole)


def test_saved_and_loaded():
    moments = Moments.of(_rows(10))
    assert _same(Moments.from_arrays(moments.as_arrays()), moments)


def test_mean_and_covariance():
    rows = _rows(50)
    moments = Moments.of(rows)
    np.testing.assert_allclose(moments.mean(), rows.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(moments.covariance()[1], np.cov(rows[:, 1].T.astype(np.float64), bias=True))
    np.testing.assert_allclose(moments.hessian()[0], rows[:, 0].T @ rows[:, 0] / 50, rtol=1e-6)
    assert not Moments.none(2, 5).hessian().any()


def test_integers_times_a_power_of_two():
    rows = _rows(10)
    moments = Moments.of(rows, 0.25)
    np.testing.assert_array_equal(moments.first, Moments.of(rows).first / 4)
    np.testing.assert_array_equal(moments.second, Moments.of(rows).second / 16)
    assert _same(moments.add(rows, 4.0), Moments.of(rows, 4.0).add(rows, 0.25))


def test_rows_of_a_sample_depend_on_it_and_the_layer_alone():
    layer = LinearLayer(op="MatMul", weight_shape=(1, 1))
    x = np.arange(10_000, dtype=np.float32).reshape(-1, 1)
    rows = sampled(layer, x, "fc", "sample 3", 16)
    assert rows.shape == (16, 1, 1)
    np.testing.assert_array_equal(sampled(layer, x, "fc", "sample 3", 16), rows)
    assert not np.array_equal(sampled(layer, x, "fc", "sample 4", 16), rows)
    assert not np.array_equal(sampled(layer, x, "head", "sample 3", 16), rows)

import math

import numpy as np
import pytest

from portproof.calibration.sensitivity.noise import Sqnr, by_value, decibels, ratio


def test_a_hundredth_of_the_amplitude_is_40_db() -> None:
    assert Sqnr().plus(np.full(4, 100.0), np.full(4, 101.0)).sqnr_db == pytest.approx(40)


def test_sums_over_samples_are_those_of_all_at_once() -> None:
    chance = np.random.default_rng(0)
    wanted, got = chance.normal(size=(2, 3, 8)).astype(np.float32)
    parts = Sqnr()
    for one, other in zip(wanted, got, strict=True):
        parts = parts.plus(one, other)
    assert parts.sqnr_db == pytest.approx(Sqnr().plus(wanted, got).sqnr_db)


@pytest.mark.parametrize(
    ("wanted", "got", "db"),
    [([1.0], [1.0], math.inf), ([0.0], [0.0], math.inf), ([0.0], [1.0], -math.inf), ([1.0], [math.nan], -math.inf)],
)
def test_the_ends(wanted: list[float], got: list[float], db: float) -> None:
    assert Sqnr().plus(np.array(wanted), np.array(got)).sqnr_db == db


def test_each_value_has_its_own() -> None:
    wanted = [{"a": np.ones(2), "b": np.ones(2), "only float": np.ones(1)}] * 2
    got = [{"a": np.ones(2), "b": np.full(2, 1.1)}] * 2
    found = by_value(wanted, got)
    assert list(found) == ["a", "b"]
    assert found["a"].sqnr_db == math.inf
    assert found["b"].sqnr_db == pytest.approx(20)


def test_models_that_ran_different_samples_are_not_compared() -> None:
    with pytest.raises(ValueError, match="shorter"):
        by_value([{"a": np.ones(1)}], [])


@pytest.mark.parametrize("db", [-20.0, 0.0, 33.0, math.inf])
def test_decibels_and_back(db: float) -> None:
    assert decibels(ratio(db)) == pytest.approx(db)


def test_noise_without_bound_can_still_be_compared() -> None:
    assert math.isfinite(ratio(-math.inf))
    assert ratio(-math.inf) > ratio(-100)

"""Factors by gradient descent: the slope is the noise's, and the way goes down."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from portproof.calibration.transforms.descent import _Noise, descend
from portproof.calibration.transforms.smooth import Rows, row_error


def drawn(seed: int, inputs: int = 12, outputs: int = 7) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    channels = np.exp(chance.normal(size=inputs))
    return chance.normal(size=(60, inputs)) * channels, chance.normal(size=(inputs, outputs))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_slope_is_that_of_the_noise(seed: int) -> None:
    rows, weights = drawn(seed)
    noise, logs = _Noise(rows, weights), np.random.default_rng(seed + 1).normal(size=12) * 0.1
    _, slope = noise.at(logs)
    for channel in range(0, 12, 5):
        ends = [noise.at(logs + sign * 1e-7 * np.eye(12)[channel])[0] for sign in (1, -1)]
        assert abs((ends[0] - ends[1]) / 2e-7 - slope[channel]) < 1e-4


def test_the_noise_is_what_rounding_adds() -> None:
    rows, weights = drawn(0, 64, 48)
    found, _ = _Noise(rows, weights).at(np.zeros(64))
    every = Rows(low=rows.min(axis=0), high=rows.max(axis=0), some=rows)
    added = row_error(every, weights, np.ones(64)) / len(rows)
    assert abs(np.exp(found) / 12 / added - 1) < 0.1


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_it_never_ends_above_where_it_began(seed: int) -> None:
    rows, weights = drawn(seed)
    start = np.exp(np.random.default_rng(seed).normal(size=12) * 0.3)
    noise = _Noise(rows, weights)
    assert noise.at(np.log(descend(rows, weights, start)))[0] <= noise.at(np.log(start))[0]


def test_uneven_channels_are_evened() -> None:
    rows, weights = drawn(3)
    rows[:, 4] *= 50
    every = Rows(low=rows.min(axis=0), high=rows.max(axis=0), some=rows)
    found = descend(rows, weights, np.ones(12))
    assert row_error(every, weights, found) < 0.5 * row_error(every, weights, np.ones(12))


def test_zeros_are_no_trouble() -> None:
    rows, weights = drawn(5)
    rows[:, 2], weights[3], rows[0] = 0, 0, 0
    assert np.isfinite(descend(rows, weights, np.ones(12))).all()

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portproof.runtimes.stats import Comparison, Floats, compare, spread, t_inside, t_quantile

LOADS, ROUNDS = 8, 8


def measured(chance: np.random.Generator, true_ms: float, drift: Floats) -> Floats:
    """Latencies as machines give them: an offset for each load, skewed noise, one interrupt in twenty runs."""
    shape = (LOADS, ROUNDS)
    offset = np.exp(chance.normal(0, 0.03, (LOADS, 1)))
    noise = chance.lognormal(0, 0.03, shape)
    interrupts = np.where(chance.random(shape) < 0.05, chance.uniform(1.5, 4, shape), 1.0)
    return np.asarray(true_ms * offset * noise * interrupts * drift)


def drifting(chance: np.random.Generator) -> Floats:
    """A clock that wanders by tens of per cent while all is measured; both files see it."""
    steps = chance.normal(0, 0.05, LOADS * ROUNDS)
    return np.exp(np.cumsum(steps)).reshape(LOADS, ROUNDS)


def experiment(seed: int, ratio: float, comparisons: int = 1) -> Comparison:
    chance = np.random.default_rng(seed)
    drift = drifting(chance)
    first, second = measured(chance, 5.0, drift), measured(chance, 5.0 * ratio, drift)
    return compare(first, second, comparisons=comparisons)


def answers(ratio: float, count: int) -> dict[str, int]:
    found = [experiment(seed, ratio).answer for seed in range(count)]
    return {answer: found.count(answer) for answer in ("faster", "slower", "cannot tell")}


def test_a_file_is_hardly_ever_faster_than_itself() -> None:
    # At most 1 % by construction (the null hypothesis spans two per cent); 13 of 500 has p < 1e-3 at 1 %.
    told = answers(1.0, 500)
    assert told["faster"] + told["slower"] < 13


def test_differences_too_small_to_matter_are_not_told() -> None:
    told = answers(1.02, 300)
    assert told["faster"] + told["slower"] < 10


@pytest.mark.parametrize(("ratio", "answer"), [(0.8, "faster"), (1.25, "slower")])
def test_real_differences_are_found_and_never_the_wrong_way(ratio: float, answer: str) -> None:
    told = answers(ratio, 200)
    assert told[answer] > 190
    assert told[answer] + told["cannot tell"] == 200


def test_the_interval_holds_the_true_ratio() -> None:
    held = 0
    for seed in range(300):
        result = experiment(seed, 1.1)
        assert result.low is not None
        assert result.high is not None
        held += result.low <= 1.1 <= result.high
    assert held >= 290  # 99 % of them


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 2), st.floats(1e-3, 1e3))
def test_symmetry_and_units(seed: int, ratio: float, unit: float) -> None:
    chance = np.random.default_rng(seed)
    drift = drifting(chance)
    first, second = measured(chance, 5.0, drift), measured(chance, 5.0 * ratio, drift)
    forth, back = compare(first, second), compare(second, first)
    assert forth.ratio * back.ratio == pytest.approx(1)
    # The null hypothesis 0.98..1.02 is not quite symmetric; the answers never contradict each other.
    assert {forth.answer, back.answer} in (
        {"cannot tell"},
        {"faster", "slower"},
        {"cannot tell", "slower"},
        {"cannot tell", "faster"},
    )
    assert compare(first * unit, second * unit).ratio == pytest.approx(forth.ratio)


def test_more_comparisons_ask_for_more_evidence() -> None:
    one, many = experiment(0, 1.1), experiment(0, 1.1, comparisons=10)
    assert one.low is not None
    assert many.low is not None
    assert many.low < one.low
    assert (one.level, many.level) == (0.01, 0.001)


def test_too_few_loads() -> None:
    result = compare(np.full((2, 50), 1.0), np.full((2, 50), 9.0))
    assert (result.answer, result.low, result.ratio) == ("cannot tell", None, pytest.approx(9))
    assert "too few" in result.reason
    assert compare(np.full((3, 1), 1.0), np.full((3, 1), 9.0)).answer == "slower"
    json.dumps(result.as_dict(), allow_nan=False)


def test_spread() -> None:
    latencies = np.array([[1.0, 2.0, 3.0], [2.0, 3.0, 40.0]])
    got = spread(latencies)
    assert (got.median_ms, got.min_ms) == (2.5, 1.0)
    assert got.iqr_ms == pytest.approx(1.0)
    # Medians 2 and 3: standard error 0.5, t(0.05, 1) = 12.706.
    assert got.noise == pytest.approx(12.706 * 0.5 / 2.5, rel=1e-4)
    assert spread(latencies[:1]).noise is None
    assert spread(np.full((4, 4), 2.0)).noise == 0


@pytest.mark.parametrize(
    # From the tables in Abramowitz and Stegun (26.10).
    ("freedom", "level", "expected"),
    [(1, 0.05, 12.706), (2, 0.05, 4.303), (3, 0.01, 5.841), (7, 0.01, 3.499), (10, 0.001, 4.587), (30, 0.05, 2.042)],
)
def test_t_against_tables(freedom: int, level: float, expected: float) -> None:
    assert t_quantile(level, freedom) == pytest.approx(expected, abs=6e-4)
    assert t_inside(expected, freedom) == pytest.approx(1 - level, abs=1e-4)
    assert t_inside(0, freedom) == 0
    assert t_inside(math.inf, freedom) == pytest.approx(1)

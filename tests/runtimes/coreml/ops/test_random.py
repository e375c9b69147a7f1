"""Distributions, shapes and seeds; which numbers come is not fixed by anything."""

from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import function, run

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.engine import Executable

MANY = [100, 200]


def test_distributions() -> None:
    bits = run("random_bernoulli", "float16[100,200]", shape=MANY, prob=0.3)
    assert set(np.unique(bits)) == {0.0, 1.0}
    assert abs(bits.mean() - 0.3) < 0.02
    normal = run("random_normal", "float32[100,200]", shape=MANY, mean=2.0, stddev=3.0)
    assert abs(normal.mean() - 2) < 0.1
    assert abs(normal.std() - 3) < 0.1
    even = run("random_uniform", "float32[100,200]", shape=MANY, low=-1.0, high=3.0)
    assert -1 <= even.min() < -0.99
    assert 2.99 < even.max() < 3


@pytest.mark.parametrize("mode", ["logits", "probs"])
def test_categories(mode: str) -> None:
    probabilities = np.array([[0.1, 0.9, 0.0], [0.5, 0.0, 0.5]], np.float32)
    x = np.log(probabilities + 1e-30) if mode == "logits" else probabilities
    drawn = run("random_categorical", "float32[2,4000]", x=x, mode=mode, size=4000)
    for row, wanted in zip(drawn, probabilities, strict=True):
        shares = np.bincount(row.astype(int), minlength=3) / 4000
        np.testing.assert_allclose(shares, wanted, atol=0.03)


def test_draws_of_one_distribution() -> None:
    drawn = run("random_categorical", "float32[5]", x=np.array([0, 1, 0], np.float32), mode="probs", size=5)
    assert drawn.tolist() == [1.0] * 5


def test_defaults() -> None:
    assert run("random_categorical", "float32[5]", x=np.zeros(3, np.float32), size=5).shape == (5,)
    assert run("random_categorical", "float32[2,1]", x=np.zeros((2, 3), np.float32)).shape == (2, 1)
    assert abs(run("random_bernoulli", "float32", shape=MANY).mean() - 0.5) < 0.02
    assert run("random_uniform", "float32", shape=MANY).max() < 1
    assert run("random_normal", "float32", shape=np.array([2, 3], np.int32)).shape == (2, 3)


def _draws(executable: Executable, feeds: dict[str, Any]) -> list[float]:
    return executable.run(feeds)["out_0"].flatten().tolist()


def test_every_run_draws_the_same_numbers() -> None:
    free, feeds = function("random_normal", ["float32"], {"shape": [5]}, "CoreML5")
    model = Executable(free)
    assert _draws(model, feeds) == _draws(model, feeds) == _draws(Executable(free), feeds)
    assert _draws(Executable(free, seed=1), feeds) != _draws(model, feeds)


def test_a_seed_of_the_operators_own_counts_more() -> None:
    fixed, feeds = function("random_normal", ["float32"], {"shape": [5], "seed": 7}, "CoreML5")
    assert _draws(Executable(fixed, seed=1), feeds) == _draws(Executable(fixed, seed=2), feeds)
    other, feeds = function("random_normal", ["float32"], {"shape": [5], "seed": 8}, "CoreML5")
    assert _draws(Executable(other), feeds) != _draws(Executable(fixed), feeds)


@pytest.mark.parametrize(
    ("op", "parameters", "why"),
    [
        ("random_bernoulli", {"shape": [2], "prob": 1.5}, "no probability"),
        ("random_uniform", {"shape": [2], "low": 1.0, "high": 0.0}, "from 1.0 to 0.0"),
        ("random_categorical", {"x": np.zeros((2, 3), np.float32), "mode": "odds"}, "no mode 'odds'"),
        ("random_normal", {"shape": [2**20, 2**20]}, "has more than"),
        ("random_normal", {"shape": [-1]}, "a size is negative"),
    ],
)
def test_what_is_refused(op: str, parameters: dict[str, Any], why: str) -> None:
    with pytest.raises(PortproofError, match=why):
        run(op, "float32", **parameters)

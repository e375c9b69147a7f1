import sys

import fake_quant
import numpy as np
import pytest
import torch
from small_network import UNSEEN, network
from small_network import samples as make_samples

from portproof.calibration.rounding import adaround_step
from portproof.calibration.rounding.adaround import Problem, Settings, learn
from portproof.calibration.rounding.adaround_step import AdaRound
from portproof.calibration.rounding.grid import WeightGrid
from portproof.calibration.rounding.second_order import SecondOrderRounding
from portproof.device_profiles.errors import PortproofError

GRID = WeightGrid(bits=4)


def _problem(groups=2, outputs=3, columns=24, clip=(-np.inf, np.inf)):
    chance = np.random.default_rng(0)
    weight = chance.normal(size=(groups, outputs, columns)).astype(np.float32)
    spread = (np.abs(weight).max(axis=2, keepdims=True) / 7).astype(np.float32)
    rows = (chance.normal(size=(400, groups, columns)) + 2).astype(np.float32)
    return Problem(
        columns=weight,
        integers=GRID.nearest(weight, spread).astype(np.int8),
        spread=spread,
        rows=rows,
        wanted=np.einsum("ngk,gok->ngo", rows, weight),
        bias=np.zeros((groups, outputs), np.float32),
        clip=clip,
    )


def _error(problem, integers):
    found = np.einsum("ngk,gok->ngo", problem.rows, integers * problem.spread)
    return ((np.clip(found, *problem.clip) - np.clip(problem.wanted, *problem.clip)) ** 2).mean(axis=0)


@pytest.mark.parametrize("clip", [(-np.inf, np.inf), (0.0, 6.0)])
def test_it_learns_a_better_rounding(clip):
    problem = _problem(clip=clip)
    found = learn(problem, GRID, Settings(steps=200))
    before, after = _error(problem, problem.integers), _error(problem, found)
    assert after.sum() < before.sum() * 0.6
    assert (after <= before * 1.0001).all(), "each output on its own"
    assert np.abs(found.astype(int) - problem.integers).max() == 1
    assert np.abs(found).max() <= 7


def test_deterministic_for_a_seed():
    problem, threads = _problem(1, 8, 40), torch.get_num_threads()
    first, second, other = (learn(problem, GRID, Settings(steps=60, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)
    assert torch.get_num_threads() == threads


def test_without_steps_what_is_no_better_stays():
    problem = _problem()
    np.testing.assert_array_equal(learn(problem, GRID, Settings(steps=0)), problem.integers)


def test_beyond_second_order_rounding_on_a_network():
    context = fake_quant.FakeQuant(network(), make_samples(), None, bits=4)
    for step in (SecondOrderRounding(), AdaRound(steps=150)):
        reached = context.sqnr_db(context.plan, UNSEEN)
        proposals = list(step.propose(context))
        context.plan = context.plan.with_weights({each.layer: each.weights for each in proposals})
        assert proposals
        assert context.sqnr_db(context.plan, UNSEEN) > reached


def test_without_torch_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "portproof.calibration.rounding.adaround")
    monkeypatch.delattr("portproof.calibration.rounding.adaround", raising=False)
    with pytest.raises(PortproofError) as caught:
        list(AdaRound().propose(fake_quant.FakeQuant(network(), make_samples(1))))
    assert caught.value.code == "E-INSTALL"


def test_wide_layers_hold_fewer_rows(monkeypatch):
    context = fake_quant.FakeQuant(network(), make_samples(4))
    (target, *_) = adaround_step.inputs.targets(context)
    assert adaround_step.most_rows(target) == 2048
    monkeypatch.setattr(adaround_step, "_LAYER_BYTES", 4 * 100 * (27 + 8))
    assert adaround_step.most_rows(target) == 100

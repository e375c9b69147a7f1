"""The user's metric on plans: what it sees, and what is said of how little that is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.calibration.sensitivity.test_regions import MODEL, mixes_of, named

from portproof.calibration.plan import Plan
from portproof.calibration.sensitivity.metric import Run
from portproof.calibration.sensitivity.regions import RegionMixes
from portproof.calibration.sensitivity.task import Task, key, runner

CHANCE = np.random.default_rng(7)
INPUTS = [CHANCE.normal(size=(1, 32, 12, 12)).astype(np.float32) for _ in range(3)]


@pytest.fixture(scope="module")
def mixes() -> RegionMixes:
    return mixes_of(MODEL, wide=(32, 32, 3, 3), each=(32, 1, 3, 3), point=(32, 32, 1, 1))


def task(mixes: RegionMixes, metric: Callable[[Run], float]) -> Task:
    return Task(metric=metric, model=mixes.model, rules=mixes.rules)


def middle(run: Run) -> float:
    return float(np.mean([run({"x": x})["y"][0, 0, 6, 6] for x in INPUTS]))


def test_the_drop_is_from_the_float_models_score_which_is_asked_once(mixes: RegionMixes) -> None:
    asked: list[float] = []

    def metric(run: Run) -> float:
        asked.append(middle(run))
        return asked[-1]

    judge = task(mixes, metric)
    plan = mixes.plan(named(mixes, "int8", "int8", "int8"))
    assert not asked
    assert judge.inputs == 0
    drops = [judge.drop(plan), judge.drop(plan)]
    assert len(asked) == 3
    assert drops == [asked[0] - asked[1], asked[0] - asked[2]]
    assert drops[0] != 0
    assert judge.inputs == len(INPUTS)


def test_layers_quantized_when_running_are_judged_as_both_runtimes_have_them(mixes: RegionMixes) -> None:
    runs: list[Any] = []

    def metric(run: Run) -> float:
        runs.append(run({"x": INPUTS[0]})["y"])
        return float(-np.abs(runs[-1] - runs[0]).max())

    plan: Plan = mixes.plan(named(mixes, "dynamic", "float32", "dynamic"))
    assert plan.dynamic
    drop = task(mixes, metric).drop(plan)
    assert len(runs) == 3
    assert drop == max(float(np.abs(each - runs[0]).max()) for each in runs[1:])


@pytest.mark.parametrize("scores", [(1.0, 0.75, 0.5), (1.0, 0.5, 0.75)])
def test_the_drop_is_the_worse_of_both(mixes: RegionMixes, scores: tuple[float, ...]) -> None:
    given = iter(scores)
    plan = mixes.plan(named(mixes, "dynamic", "float32", "dynamic"))
    assert task(mixes, lambda _: next(given)).drop(plan) == 0.5


def test_few_inputs_and_those_calibrated_on_are_told(mixes: RegionMixes) -> None:
    judge = task(mixes, middle)
    assert judge.float_score == middle(runner(judge.model))
    found = {message.code: message for message in judge.findings([{"x": INPUTS[1]}, {"x": INPUTS[1] + 1}])}
    assert set(found) == {"W-METRIC-FEW", "W-METRIC-CALIBRATION"}
    assert "3 inputs" in found["W-METRIC-FEW"].what
    assert "1 of the inputs" in found["W-METRIC-CALIBRATION"].what


def test_enough_inputs_of_its_own_are_nothing_to_tell(mixes: RegionMixes) -> None:
    judge = task(mixes, lambda run: float(sum(run({"x": INPUTS[0] * k})["y"].sum() for k in range(32))))
    assert judge.float_score
    assert not list(judge.findings([{"x": INPUTS[2]}]))


def test_a_streams_states_do_not_make_another_input() -> None:
    frame, state = np.arange(8.0), np.zeros(4)
    assert key({"x": frame, "h": state}) == key({"x": frame, "h": state + 1})
    assert key({"x": frame, "h": state}) != key({"x": frame + 1, "h": state})
    assert key({"x": np.zeros(8), "h": state}) == "", "silence"
    assert key({"ids": frame, "mask": frame * 0}) != key({"ids": frame + 1, "mask": frame * 0})

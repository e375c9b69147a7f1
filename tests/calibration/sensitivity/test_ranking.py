import itertools
import json
import math

import pytest
from tests.calibration.sensitivity.worlds import ITEMS, NOISE, World, item

from portproof.calibration.sensitivity.mix import Mix
from portproof.calibration.sensitivity.path import nested
from portproof.calibration.sensitivity.ranking import rank


def test_the_worst_comes_first_and_each_is_lowered_alone() -> None:
    world = World(NOISE)
    ranking = rank(ITEMS, world)
    assert [effect.item for effect in ranking.worst(2)] == ["depthwise", "first"]
    assert ranking.effects[0].sqnr_db == pytest.approx(16.99, abs=0.01)
    assert world.asked[0] == Mix.of(ITEMS)
    changed = [sum(a != b for a, b in zip(mix.choices, world.asked[0].choices, strict=True)) for mix in world.asked[1:]]
    assert changed == [1] * 8


def test_a_floor_of_noise_is_not_counted_twice() -> None:
    ranking = rank(ITEMS, World(NOISE, floor=1e-2))
    assert ranking.noise("depthwise", "int8") == pytest.approx(2e-2)
    assert ranking.noise("depthwise", "float32") == 0
    mix = Mix.of(ITEMS).changed({"depthwise": "int8", "first": "int8"})
    assert 10 ** (-ranking.predicted_db(mix) / 10) == pytest.approx(3.1e-2)


def test_weights_in_float16_are_not_run_and_said_to_be_estimated() -> None:
    noise = {("a", "weight_only"): 1e-4}
    world = World(noise)
    ranking = rank([item("a", 10, "weight_only", "float16", "float32")], world)
    half = next(effect for effect in ranking.effects if effect.precision == "float16")
    assert half.noise == pytest.approx(1e-7)
    assert half.as_dict()["estimated"]
    assert not any(mix.precision("a") == "float16" for mix in world.asked)
    assert "estimated" not in next(effect for effect in ranking.effects if not effect.estimated).as_dict()


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    rank(ITEMS[:1], World(NOISE), told=lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]


def test_effects_are_json_even_without_noise() -> None:
    ranking = rank(ITEMS[:1], World({}))
    assert ranking.reference_db == math.inf
    assert json.loads(json.dumps([effect.as_dict() for effect in ranking.effects]))[0]["sqnr_db"] is None


def test_the_path_raises_one_item_at_a_time_by_what_it_gains_for_its_cost() -> None:
    path = nested(ITEMS, rank(ITEMS, World(NOISE)), lambda option: option.cost)
    assert path[0].counts() == {"int8": 4}
    for before, after in itertools.pairwise(path):
        assert sum(a != b for a, b in zip(before.choices, after.choices, strict=True)) == 1
    assert path[1].precision("first") == "int16"
    assert path[2].precision("depthwise") == "float32"  # its int16 gains next to nothing: it is not on the hull
    assert path[-1].as_dict() == Mix.of(ITEMS).as_dict()


def test_an_option_that_costs_more_and_makes_more_noise_is_never_taken() -> None:
    items = [item("x", 1, "int8", "int16", "float32")]
    path = nested(items, rank(items, World({("x", "int8"): 1e-4, ("x", "int16"): 1e-2})), lambda option: option.cost)
    assert [mix.precision("x") for mix in path] == ["int8", "float32"]


def test_what_costs_nothing_is_raised_at_once() -> None:
    items = [item("x", 1, "int8", "int16", "float32")]
    noise = {("x", "int8"): 1e-2, ("x", "int16"): 1e-4}
    path = nested(items, rank(items, World(noise)), lambda option: float(option.size_bytes))
    assert [mix.precision("x") for mix in path] == ["int16", "float32"]  # both are one byte a weight

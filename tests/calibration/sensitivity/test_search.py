import itertools
import json

import pytest
from tests.calibration.sensitivity.worlds import ITEMS, NOISE, World, item

from portproof.calibration.sensitivity.measure import Judges
from portproof.calibration.sensitivity.mix import Mix, chosen
from portproof.calibration.sensitivity.ranking import rank
from portproof.calibration.sensitivity.search import Found, search
from portproof.calibration.sensitivity.targets import Targets
from portproof.device_profiles.errors import PortproofError


def found(targets: Targets, **judges: object) -> Found:
    world = World(NOISE)
    ranking = rank(ITEMS, world)
    return search(ITEMS, ranking, Judges(sqnr_db=world, **judges), targets)  # type: ignore[arg-type]


def every_mix() -> list[Mix]:
    names = [item.name for item in ITEMS]
    options = itertools.product(*([option.precision for option in item.options] for item in ITEMS))
    return [Mix(choices=tuple(zip(names, each, strict=True))) for each in options]


@pytest.mark.parametrize("wanted", [15.0, 20.0, 28.0, 30.0, 36.0, 39.0, 45.0, 55.0])
def test_the_mix_chosen_meets_the_bound_and_costs_little_more_than_the_cheapest_of_all(wanted: float) -> None:
    point = found(Targets(min_sqnr_db=wanted)).required()
    world = World(NOISE)
    assert world(point.mix) >= wanted
    least = min(sum(o.cost for o in chosen(ITEMS, mix)) for mix in every_mix() if world(mix) >= wanted)
    assert point.bit_operations <= 1.3 * least


def test_the_culprit_alone_is_raised() -> None:
    point = found(Targets(min_sqnr_db=27)).required()
    assert point.mix.as_dict() == {"first": "int8", "middle": "int8", "depthwise": "float32", "last": "int8"}


def test_few_mixes_are_run() -> None:
    assert found(Targets(min_sqnr_db=30)).runs <= 20


def test_the_frontier_rises_in_cost_and_sqnr() -> None:
    points = found(Targets(min_sqnr_db=30)).frontier
    assert len(points) > 3
    for low, high in itertools.pairwise(points):
        assert low.bit_operations < high.bit_operations
        assert low.sqnr_db < high.sqnr_db


def test_the_largest_accuracy_within_a_size() -> None:
    point = found(Targets(max_size_bytes=1600)).required()
    assert point.size_bytes <= 1600
    assert point.mix.precision("depthwise") == "float32"
    assert found(Targets(max_size_bytes=10**6)).required().mix == Mix.of(ITEMS)


LIGHT = [item(name, 100, "int8", "weight_only", "float16", "float32") for name in ("a", "b", "c")]
LOUD = {
    ("a", "int8"): 1e-2,
    ("b", "int8"): 1e-6,
    ("c", "int8"): 1e-2,
    ("a", "weight_only"): 1e-3,
    ("c", "weight_only"): 1e-7,
}


def light(targets: Targets) -> dict[str, str]:
    world = World(LOUD)
    return search(LIGHT, rank(LIGHT, world), Judges(sqnr_db=world), targets).required().mix.as_dict()


def test_what_stays_float_gives_up_bytes_as_far_as_the_bounds_allow() -> None:
    assert light(Targets(min_sqnr_db=50)) == {"a": "float16", "b": "int8", "c": "weight_only"}


def test_within_a_size_float16_lies_between() -> None:
    assert light(Targets(max_size_bytes=450)) == {"a": "float16", "b": "weight_only", "c": "weight_only"}


def test_both_bounds_at_once() -> None:
    both = found(Targets(min_sqnr_db=30, max_size_bytes=1600)).required()
    assert both.sqnr_db >= 30
    assert both.size_bytes <= 1600


def test_a_latency_that_a_profile_predicts() -> None:
    def predicted(mix: Mix) -> float:
        return sum(option.cost for option in chosen(ITEMS, mix)) / 1e4

    point = found(Targets(max_latency_ms=20.0), latency_ms=predicted).required()
    assert point.latency_ms is not None
    assert point.latency_ms <= 20
    assert point.mix.counts() != {"int8": 4}


def test_a_metric_is_asked_only_of_mixes_that_are_otherwise_good() -> None:
    asked: list[Mix] = []

    def drop(mix: Mix) -> float:
        asked.append(mix)
        return 0.0 if mix.precision("first") != "int8" else 2.0

    point = found(Targets(min_sqnr_db=25, max_drop=0.5), drop=drop).required()
    assert point.drop == 0
    assert point.mix.precision("first") != "int8"
    world = World(NOISE)
    assert all(world(mix) >= 25 for mix in asked)


def test_bounds_that_contradict_each_other_are_said_with_what_is_nearest() -> None:
    result = found(Targets(min_sqnr_db=50, max_size_bytes=1500))
    assert result.chosen is None
    assert result.nearest is not None
    assert result.nearest.size_bytes <= 1500
    with pytest.raises(PortproofError) as caught:
        result.required()
    (message,) = caught.value.messages
    assert (message.code, "below 50 dB" in message.why) == ("E-GATE-METRIC", True)
    assert "depthwise in int8" in message.hint


def test_a_size_that_even_the_cheapest_mix_exceeds() -> None:
    result = found(Targets(max_size_bytes=100))
    assert result.unmet == ("1,430 bytes, more than 100",)


def test_without_bounds_there_is_a_frontier_and_no_choice() -> None:
    result = found(Targets())
    assert (result.chosen, result.nearest, result.unmet) == (None, None, ())
    assert len(result.frontier) > 3
    with pytest.raises(PortproofError, match="no bound"):
        result.required()


@pytest.mark.parametrize("targets", [Targets(max_latency_ms=3.0), Targets(max_drop=0.1)])
def test_bounds_that_nobody_can_judge(targets: Targets) -> None:
    with pytest.raises(PortproofError) as caught:
        found(targets)
    assert caught.value.code == "E-USAGE"


def test_bounds_below_zero() -> None:
    with pytest.raises(PortproofError, match="not below 0"):
        Targets(max_drop=-1)


def test_a_noisy_measurement_never_leads_to_a_mix_that_fails_the_bound() -> None:
    world = World(NOISE)

    def shaken(mix: Mix) -> float:
        return world(mix) + (len(str(mix.as_dict())) % 7 - 3) / 2

    ranking = rank(ITEMS, shaken)
    for wanted in range(15, 60, 3):
        result = search(ITEMS, ranking, Judges(sqnr_db=shaken), Targets(min_sqnr_db=wanted))
        assert result.chosen is None or shaken(result.chosen.mix) >= wanted


def test_all_of_it_is_json() -> None:
    data = json.loads(json.dumps(found(Targets(min_sqnr_db=30)).as_dict(), allow_nan=False))
    assert data["chosen"]["sqnr_db"] >= 30
    assert data["ranking"][0]["item"] == "depthwise"


def test_the_same_search_twice() -> None:
    assert found(Targets(min_sqnr_db=30)).as_dict() == found(Targets(min_sqnr_db=30)).as_dict()

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest
from tests.calibration.sensitivity.test_regions import MODEL, mixes_of

from portproof.calibration.plan import Plan
from portproof.calibration.sensitivity.choose import Wishes, choose
from portproof.calibration.sensitivity.pace import Pace
from portproof.calibration.sensitivity.regions import RegionMixes
from portproof.calibration.sensitivity.search import Found
from portproof.calibration.sensitivity.targets import Targets
from portproof.calibration.sensitivity.timing import Speed, Timed
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.progress import Silent


@pytest.fixture(scope="module")
def mixes() -> RegionMixes:
    return mixes_of(MODEL, wide=(32, 32, 3, 3), each=(32, 1, 3, 3), point=(32, 32, 1, 1))


def chosen(mixes: RegionMixes, wishes: Wishes) -> tuple[Found, Plan | None]:
    return choose(mixes.model, mixes.rules, mixes.histograms, mixes.samples, wishes)


def test_the_plan_meets_the_bound_and_costs_less_than_float(mixes: RegionMixes) -> None:
    found, plan = chosen(mixes, Wishes(targets=Targets(min_sqnr_db=28)))
    assert plan is not None
    assert found.chosen is not None
    assert found.chosen.sqnr_db >= 28
    assert plan.weights
    assert found.chosen.bit_operations < found.frontier[-1].bit_operations


def test_only_the_precisions_allowed(mixes: RegionMixes) -> None:
    wishes = Wishes(targets=Targets(min_sqnr_db=10), precisions=frozenset({"weight_only"}))
    found, plan = chosen(mixes, wishes)
    assert plan is not None
    assert not plan.integer | plan.dynamic
    assert {effect.precision for effect in found.ranking.effects} == {"weight_only"}


def test_the_users_metric_sees_the_plan(mixes: RegionMixes) -> None:
    found, plan = chosen(mixes, Wishes(targets=Targets(max_drop=0.0), drop=lambda plan: float(bool(plan.integer))))
    assert plan is not None
    assert not plan.integer
    assert found.chosen is not None
    assert found.chosen.drop == 0


def test_progress_and_latency_are_passed_on(mixes: RegionMixes) -> None:
    totals: list[int | None] = []
    ticks: list[None] = []

    class Listener(Silent):
        def step(self, _title: str, total: int | None = None) -> AbstractContextManager[Callable[[], None]]:
            totals.append(total)
            return nullcontext(lambda: ticks.append(None))

    wishes = Wishes(
        targets=Targets(max_latency_ms=4.0),
        pace=Pace(integer_ms=2.0, float_ms=10.0),
        progress=Listener(),
    )
    found, _ = chosen(mixes, wishes)
    assert found.chosen is not None
    assert found.chosen.latency_ms is not None
    assert 2.0 <= found.chosen.latency_ms <= 4.0
    assert max(point.latency_ms or 0 for point in found.frontier) == 10.0
    assert totals == [len(ticks)] != [0]


def test_a_bound_that_nothing_meets_gives_no_plan(mixes: RegionMixes) -> None:
    found, plan = chosen(mixes, Wishes(targets=Targets(max_size_bytes=10)))
    assert plan is None
    assert found.unmet


def test_a_model_without_anything_to_quantize(mixes: RegionMixes) -> None:
    with pytest.raises(PortproofError) as caught:
        chosen(mixes, Wishes(targets=Targets(), precisions=frozenset({"float32"})))
    assert caught.value.code == "E-CALIB-NOTHING"


def timed(slow: set[str], asked: list[set[str]]) -> Callable[[Plan], Timed]:
    """A clock to which plans with these precisions are slow, each twice as slow as the next."""

    def measure(plan: Plan) -> Timed:
        asked.append({name for name in ("integer", "dynamic", "weight_only") if getattr(plan, name)})
        return Timed(ratio=1.0 + len(asked[-1] & slow), speed=Speed.SLOWER if asked[-1] & slow else Speed.UNCERTAIN)

    return measure


def test_a_mix_that_is_slower_than_float_is_set_aside(mixes: RegionMixes) -> None:
    asked: list[set[str]] = []
    wishes = Wishes(targets=Targets(min_sqnr_db=10), timed=timed({"integer"}, asked))
    found, plan = chosen(mixes, wishes)
    assert plan is not None
    assert not plan.integer
    assert plan.dynamic
    assert "integer" in asked[0]
    assert [set(point.mix.counts()) & {"int8"} for point in found.set_aside] == [{"int8"}]
    assert not found.slower
    assert found.as_dict()["set_aside"]


def test_weights_alone_are_the_last_resort(mixes: RegionMixes) -> None:
    asked: list[set[str]] = []
    found, plan = chosen(mixes, Wishes(targets=Targets(min_sqnr_db=10), timed=timed({"integer", "dynamic"}, asked)))
    assert plan is not None
    assert not plan.integer | plan.dynamic
    assert plan.weight_only
    assert len(asked) == 3
    assert len(found.set_aside) == 2
    assert not found.slower


def test_where_all_are_slower_the_least_slow_is_called_so(mixes: RegionMixes) -> None:
    ratios = iter([1.9, 1.2, 1.4])
    wishes = Wishes(targets=Targets(min_sqnr_db=10), timed=lambda plan: Timed(ratio=next(ratios), speed=Speed.SLOWER))
    found, plan = chosen(mixes, wishes)
    assert plan is not None
    assert plan.dynamic
    assert found.slower
    assert len(found.set_aside) == 2


def test_what_cannot_be_timed_is_not_set_aside(mixes: RegionMixes) -> None:
    found, plan = chosen(mixes, Wishes(targets=Targets(min_sqnr_db=10), timed=lambda plan: None))
    assert plan is not None
    assert plan.integer
    assert not found.set_aside


def test_a_precision_that_is_not_allowed_is_no_regions(mixes: RegionMixes) -> None:
    wishes = Wishes(targets=Targets(min_sqnr_db=5), precisions=frozenset({"dynamic"}))
    found, plan = chosen(mixes, wishes)
    assert plan is not None
    assert not plan.integer, "the depthwise layer has no dynamic kernel, and is not int8 for that"
    assert found.chosen is not None
    assert len(found.chosen.mix.choices) == len(mixes.items)


def test_a_mix_that_gains_nothing_is_set_aside_for_one_that_does(mixes: RegionMixes) -> None:
    speeds = iter([Speed.UNCERTAIN, Speed.FASTER])
    wishes = Wishes(targets=Targets(min_sqnr_db=10), timed=lambda plan: Timed(ratio=0.9, speed=next(speeds)))
    found, plan = chosen(mixes, wishes)
    assert plan is not None
    assert not plan.integer
    assert [set(point.mix.counts()) & {"int8"} for point in found.set_aside] == [{"int8"}]


def test_where_none_gains_anything_the_first_is_kept(mixes: RegionMixes) -> None:
    wishes = Wishes(targets=Targets(min_sqnr_db=10), timed=lambda plan: Timed(ratio=1.0, speed=Speed.UNCERTAIN))
    found, plan = chosen(mixes, wishes)
    assert plan is not None
    assert plan.integer
    assert not found.set_aside
    assert not found.slower

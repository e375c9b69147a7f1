import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from tests.calibration.sensitivity.test_regions import MODEL

from portproof.calibration import quantize, recipes, written
from portproof.calibration.accuracy import Accuracy
from portproof.calibration.rounding.second_order import SecondOrderRounding
from portproof.calibration.sensitivity import goal as goal_module
from portproof.calibration.sensitivity.goal import Goal, Reached
from portproof.calibration.sensitivity.targets import Targets
from portproof.calibration.sensitivity.timing import Speed, Timed, Timing
from portproof.device_profiles import integer_kernels
from portproof.device_profiles.errors import PortproofError

METRIC = """
import numpy as np

def likeness(run):
    x = np.random.default_rng(5).normal(size=(1, 32, 12, 12)).astype(np.float32)
    return float(run({"x": x})["y"].mean())
"""
PLAIN = dataclasses.replace(recipes.find("fast"), weight_steps=tuple)  # a search has no need of steps
Samples = list[dict[str, np.ndarray]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    chance = np.random.default_rng(0)
    proto = onnx.parser.parse_model(MODEL)
    for name, shape in (("wide", (32, 32, 3, 3)), ("each", (32, 1, 3, 3)), ("point", (32, 32, 1, 1))):
        array = chance.normal(size=shape).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    onnx.save(proto, tmp_path / "net.onnx")
    return tmp_path / "net.onnx"


@pytest.fixture
def data() -> Samples:
    chance = np.random.default_rng(1)
    return [{"x": chance.normal(size=(1, 32, 12, 12)).astype(np.float32)} for _ in range(10)]


def test_a_bound_is_reached_in_the_file(path: Path, data: Samples, tmp_path: Path) -> None:
    plain = quantize(path, tmp_path / "plain.onnx", data, recipe=PLAIN)
    wanted = plain.report.accuracy.sqnr_db + 4
    goal = Goal(targets=Targets(min_sqnr_db=wanted))
    mixed = quantize(path, tmp_path / "mixed.onnx", data, recipe=PLAIN, goal=goal)
    assert mixed.report.accuracy.sqnr_db >= wanted
    assert mixed.plan.weights
    assert plain.report.mix is None
    assert mixed.report.as_dict()["mix"]["chosen"]["sqnr_db"] >= wanted


def test_within_a_size_weights_that_stay_float_are_float16(path: Path, data: Samples, tmp_path: Path) -> None:
    goal = Goal(targets=Targets(min_sqnr_db=60.0))
    found = quantize(path, tmp_path / "q.onnx", data, recipe="fast", goal=goal)
    assert found.plan.half
    assert found.report.mix is not None
    assert found.report.mix["layer_counts"]["float16"] == len(found.plan.half)
    assert found.report.accuracy.sqnr_db >= 60
    types = {value.name: value.dtype for value in ir.load(found.path).graph.initializers.values()}
    assert {types[f"{found.plan.layers[name].weight}_half"] for name in found.plan.half} == {ir.DataType.FLOAT16}


def test_a_metric_of_the_users(path: Path, data: Samples, tmp_path: Path) -> None:
    script = tmp_path / "score.py"
    script.write_text(METRIC)
    goal = Goal(targets=Targets(max_drop=1e-3), metric=f"{script}:likeness")
    found = quantize(path, tmp_path / "q.onnx", data, recipe=PLAIN, goal=goal)
    assert found.report.mix is not None
    assert found.report.mix["chosen"]["drop"] <= 1e-3


def test_a_goal_that_nothing_reaches_writes_nothing(path: Path, data: Samples, tmp_path: Path) -> None:
    goal = Goal(targets=Targets(min_sqnr_db=100, max_size_bytes=20_000))
    with pytest.raises(PortproofError) as caught:
        quantize(path, tmp_path / "q.onnx", data, goal=goal)
    assert caught.value.code == "E-GATE-METRIC"
    assert not (tmp_path / "q.onnx").exists()


def test_a_goal_that_only_float_reaches_is_refused(path: Path, data: Samples, tmp_path: Path) -> None:
    with pytest.raises(PortproofError, match="only the float model"):
        quantize(path, tmp_path / "q.onnx", data, recipe=PLAIN, goal=Goal(targets=Targets(max_size_bytes=10**6)))


@pytest.mark.parametrize("name", ["dynamic", "weight-only"])
def test_a_recipe_of_one_form_has_no_mixes(path: Path, data: Samples, tmp_path: Path, name: str) -> None:
    with pytest.raises(PortproofError, match=name) as caught:
        quantize(path, tmp_path / "q.onnx", data, recipe=name, goal=Goal(targets=Targets(min_sqnr_db=20)))
    assert caught.value.code == "E-USAGE"


def test_a_goal_without_a_bound(path: Path, data: Samples, tmp_path: Path) -> None:
    with pytest.raises(PortproofError, match="bound"):
        quantize(path, tmp_path / "q.onnx", data, goal=Goal(targets=Targets(), metric="x.py:y"))


def test_nodes_asked_to_stay_float_do(path: Path, data: Samples, tmp_path: Path) -> None:
    goal = Goal(targets=Targets(min_sqnr_db=15))
    nodes = [node.name or f"Conv_{index}" for index, node in enumerate(onnx.load(path).graph.node)]
    found = quantize(path, tmp_path / "q.onnx", data, recipe=PLAIN, goal=goal, apart=[nodes[0]])
    assert nodes[0] not in found.plan.integer | found.plan.dynamic
    assert nodes[0] not in found.report.as_dict()["mix"]["chosen"]["mix"]


def test_a_step_that_costs_the_task_is_taken_back(
    path: Path, data: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounded = dataclasses.replace(PLAIN, weight_steps=lambda: (SecondOrderRounding(),))
    given: dict[str, Any] = {"recipe": rounded, "goal": Goal(targets=Targets(min_sqnr_db=15))}
    bettered = quantize(path, tmp_path / "a.onnx", data, **given)
    (step,) = bettered.report.steps
    assert step.kept
    monkeypatch.setattr(Reached, "unmet", lambda self, plan: () if plan is self.plan else ("it is worse",))
    plain = quantize(path, tmp_path / "b.onnx", data, **given)
    (step,) = plain.report.steps
    assert not step.kept
    assert step.gain_db == 0
    assert {verdict.why for verdict in step.verdicts} >= {"the model no longer met what was asked for"}
    assert plain.report.accuracy.outputs != bettered.report.accuracy.outputs


def test_bounds_are_held_against_a_later_plan(path: Path, data: Samples, tmp_path: Path) -> None:
    script = tmp_path / "score.py"
    script.write_text(METRIC)
    reached: list[Reached] = []
    goal = Goal(targets=Targets(min_sqnr_db=20, max_drop=1e-3), metric=f"{script}:likeness", timing=None)
    original = goal_module.reach

    def kept(*given: Any, **options: Any) -> Reached:
        reached.append(original(*given, **options))
        return reached[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(goal_module, "reach", kept)
        quantize(path, tmp_path / "q.onnx", data, recipe=PLAIN, goal=goal)
    (found,) = reached
    assert found.unmet(found.plan) == ()
    name, weights = next(iter(found.plan.weights.items()))
    wrong = [dataclasses.replace(weights, integers=np.full_like(weights.integers, level)) for level in (100, -100)]
    told = [found.unmet(found.plan.with_weights({name: each})) for each in wrong]
    assert all("below 20 dB" in each[0] for each in told)
    assert any("more than 0.001" in each[-1] for each in told)


def test_a_mix_that_is_slower_for_another_device_is_kept_and_told(path: Path, data: Samples, tmp_path: Path) -> None:
    timed: list[bytes] = []

    def clock(model: bytes) -> Timed:
        timed.append(model)
        return Timed(ratio=1.4, speed=Speed.SLOWER)

    goal = Goal(targets=Targets(min_sqnr_db=15), timing=Timing(clock=clock, decides=False))
    done = quantize(path, tmp_path / "q.onnx", data, recipe=PLAIN, goal=goal)
    assert len(timed) == 1
    assert done.plan.integer
    assert done.report.mix is not None
    assert not done.report.mix["set_aside"]
    assert "W-INT8-SLOWER" in [message.code for message in done.report.messages]


@pytest.mark.parametrize(("unit", "refused"), [("onnxruntime-cpu", True), ("litert-xnnpack", False)])
def test_what_the_runtime_reaches_counts_where_it_will_run(unit: str, refused: bool) -> None:
    goal, rules = Goal(targets=Targets(min_sqnr_db=30)), integer_kernels.load(unit)
    reached = Accuracy(outputs={"y": 29.0, "z": 60.0}, samples=8)
    goal.accept(Accuracy(outputs={"y": 30.0}, samples=8), rules)
    if refused:
        with pytest.raises(PortproofError, match=r"29\.0 dB in ONNX Runtime") as caught:
            goal.accept(reached, rules)
        assert caught.value.code == "E-GATE-METRIC"
    else:
        goal.accept(reached, rules)


def test_what_is_not_reached_is_not_written(
    path: Path, data: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "q.onnx"
    out.write_text("before")
    worse = Accuracy(outputs={"y": 1.0}, samples=2)
    monkeypatch.setattr(written, "_proven", lambda _path, _workspace: worse)
    with pytest.raises(PortproofError) as caught:
        quantize(path, out, data, goal=Goal(targets=Targets(min_sqnr_db=20)), device="onnxruntime-cpu")
    assert caught.value.code == "E-GATE-METRIC"
    assert out.read_text() == "before"

"""Layers that make far more of the noise than of the work stay float."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from nets import save, with_weights

from portproof.calibration import float_layers, quantize
from portproof.runtimes.progress import Silent

# Two branches; the second goes through two channels. What both read has a channel that sets the step of each row.
TEXT = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[8,64] x) => (float[8,64] y)
{
  [large] a = MatMul(x, w0) r = Relu(a) [second] b = MatMul(r, w1) [third] c = MatMul(b, w2)
  [small] s = MatMul(x, w3) [back] t = MatMul(s, w4) y = Add(c, t)
}
"""


def network(gain: float) -> ir.Model:
    """The branch of two channels adds about `gain` times what the other one does."""
    chance = np.random.default_rng(0)
    arrays = {f"w{i}": chance.normal(size=(64, 64)) / 8 for i in range(3)}
    arrays |= {"w3": chance.normal(size=(64, 2)) / 8, "w4": gain * chance.normal(size=(2, 64)) / 1.4}
    arrays["w0"][0] = arrays["w3"][0] = 0.0
    return with_weights(ir.from_onnx_text(TEXT), arrays)


def samples(count: int = 30) -> list[dict[str, np.ndarray]]:  # type: ignore[type-arg]
    chance = np.random.default_rng(1)
    scales = np.where(np.arange(64) == 0, 30.0, 1.0)
    return [{"x": (chance.normal(size=(8, 64)) * scales).astype(np.float32)} for _ in range(count)]


def reached(gain: float, folder: Path, **options):  # type: ignore[no-untyped-def]
    found = quantize(save(network(gain), folder), folder / "q.onnx", samples(), recipe="dynamic", **options)
    return found, next((each for each in found.report.steps if each.name == float_layers.NAME), None)


def test_a_small_layer_that_makes_most_of_the_noise_is_float(tmp_path: Path) -> None:
    found, step = reached(3.0, tmp_path)
    kept = {verdict.layer for verdict in step.verdicts if verdict.kept}
    assert "small" in kept
    assert not kept & {"large", "second", "third"}
    assert step.gain_db >= 0.5
    assert not kept & (found.plan.dynamic | set(found.plan.weights))
    told = {node.name: node.why for node in found.report.float_nodes}
    assert all("of all noise" in told[name] for name in kept)
    assert step.after.sqnr_db == pytest.approx(found.report.steps[-1].after.sqnr_db)


def test_each_layer_is_told_as_it_is_looked_at(tmp_path: Path) -> None:
    totals, ticks = {}, []

    class Listener(Silent):
        def step(self, title: str, total: int | None = None) -> AbstractContextManager[Callable[[], None]]:
            totals[title] = total
            return nullcontext(lambda: ticks.append(title))

    reached(3.0, tmp_path, progress=Listener())
    assert totals[float_layers.NAME] == ticks.count(float_layers.NAME) == 5


def test_what_does_not_gain_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(float_layers, "_LEAST_GAIN_DB", 100.0)
    found, step = reached(3.0, tmp_path)
    assert step.verdicts
    assert step.kept == 0
    assert step.after == step.before
    assert len(found.plan.dynamic) == 5


def test_a_model_that_is_near_enough_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(float_layers, "_ENOUGH_DB", 5.0)
    found, step = reached(3.0, tmp_path)
    assert (step.verdicts, step.gain_db, len(found.plan.dynamic)) == ((), 0.0, 5)


def test_where_noise_is_as_work_is_all_stay_int8(tmp_path: Path) -> None:
    found, step = reached(0.05, tmp_path)
    assert step.verdicts == ()
    assert step.after == step.before
    assert {"large", "second", "third"} <= found.plan.dynamic


def test_other_recipes_have_no_such_step(tmp_path: Path) -> None:
    found = quantize(save(network(3.0), tmp_path), tmp_path / "q.onnx", samples(), recipe="weight-only")
    assert float_layers.NAME not in {each.name for each in found.report.steps}


def share(noise: float, cost: float) -> float_layers.Share:
    return float_layers.Share(alone_db=30.0, noise=noise, cost=cost)


@pytest.mark.parametrize(
    ("shares", "reached_db", "chosen"),
    [
        ({"a": (0.3, 0.05), "b": (0.1, 0.05)}, 30, ("a",)),  # b: twice its share is not enough
        ({"a": (0.3, 0.1), "b": (0.4, 0.1)}, 30, ("b",)),  # both would be a fifth of the work
        ({"a": (0.3, 0.02), "b": (0.5, 0.1), "c": (0.05, 0.01)}, 30, ("a", "b")),  # c has no room
        ({"a": (0.5, 0.02), "b": (0.4, 0.02)}, 38, ("a",)),  # 3 dB more are enough
        ({"a": (1.0, 0.0)}, 30, ("a",)),
        ({}, 30, ()),
    ],
)
def test_who_is_chosen(shares: dict[str, tuple[float, float]], reached_db: float, chosen: tuple[str, ...]) -> None:
    found = float_layers.chosen({name: share(*each) for name, each in shares.items()}, reached_db)
    assert set(found) == set(chosen)

"""Layers that make far more of the noise than of the work stay float."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from nets import images, save, with_weights

from portproof.calibration import float_layers, quantize, recipes, run
from portproof.calibration.prepare import prepare
from portproof.calibration.samples import open_samples
from portproof.calibration.weights_only import weights_plan
from portproof.calibration.workspace import Workspace
from portproof.device_profiles import integer_kernels
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
    return with_weights(ir.from_onnx_text(TEXT), _arrays(gain))


def _arrays(gain: float) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    chance = np.random.default_rng(0)
    arrays = {f"w{i}": chance.normal(size=(64, 64)) / 8 for i in range(3)}
    arrays |= {"w3": chance.normal(size=(64, 2)) / 8, "w4": gain * chance.normal(size=(2, 64)) / 1.4}
    arrays["w0"][0] = arrays["w3"][0] = 0.0
    return arrays


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


WIDE = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,4,16,16] x) => (float[1,9] y)
{
  [work] a = Conv<pads = [1,1,1,1]>(x, w0) r = Relu(a) m = ReduceMean<keepdims = 0>(r, axes)
  [bytes] b = MatMul(m, w1) [last] y = MatMul(b, w2)
}
"""


def workspace(model: ir.Model, data: list[dict[str, np.ndarray]]) -> Workspace:  # type: ignore[type-arg]
    prepared = prepare(model)
    plan = weights_plan(prepared, integer_kernels.load(), recipes.find("dynamic"))
    return Workspace(model=prepared, plan=plan, samples=open_samples(data, run.input_specs(prepared)))


def test_a_layer_costs_its_share_of_the_work_or_of_the_bytes() -> None:
    chance = np.random.default_rng(0)
    arrays = {
        "w0": chance.normal(size=(8, 4, 3, 3)),
        "w1": chance.normal(size=(8, 900)),
        "w2": chance.normal(size=(900, 9)),
    }
    model = with_weights(ir.from_onnx_text(WIDE), arrays)
    axes = ir.tensor(np.array([2, 3]), name="axes")
    value = next(value for node in model.graph for value in node.inputs if value is not None and value.name == "axes")
    value.const_value, value.shape, value.type = axes, axes.shape, ir.TensorType(axes.dtype)
    model.graph.register_initializer(value)
    found = float_layers.shares(workspace(model, images(12, (1, 4, 16, 16))), in_rows=True)
    work = {"work": 16 * 16 * 288, "bytes": 7200, "last": 8100}
    size = {"work": 288, "bytes": 7200, "last": 8100}
    for name, share in found.items():
        assert share.cost == pytest.approx(max(each[name] / sum(each.values()) for each in (work, size)))
    assert sum(each.noise for each in found.values()) == pytest.approx(1.0)


def uneven(count: int = 30) -> list[dict[str, np.ndarray]]:  # type: ignore[type-arg]
    """Rows of very different size: one scale for the tensor is far too coarse for most."""
    chance = np.random.default_rng(1)
    scales = 10.0 ** np.linspace(-3, 2, 8)[:, None]
    return [{"x": (chance.normal(size=(8, 64)) * scales).astype(np.float32)} for _ in range(count)]


NORMALISED = TEXT.replace("y = Add(c, t)", "u = Add(c, t) y = LpNormalization(u)")


def test_noise_is_that_of_the_scales_that_the_unit_finds(tmp_path: Path) -> None:
    model = with_weights(ir.from_onnx_text(NORMALISED), _arrays(0.3))
    space = workspace(model, uneven())
    by_row, by_tensor = (float_layers.shares(space, in_rows=each)["large"].alone_db for each in (True, False))
    assert by_row > by_tensor + 10
    path, before = save(model, tmp_path), {}
    for device in (None, "onnxruntime-cpu"):
        found = quantize(path, tmp_path / "q.onnx", uneven(), recipe="dynamic", device=device)
        before[device] = next(each for each in found.report.steps if each.name == float_layers.NAME).before.sqnr_db
    assert before[None] > before["onnxruntime-cpu"] + 10


def test_a_typical_sample_is_judged_not_the_sum_over_all() -> None:
    """One sample is far off: in a sum of squares it would be all there is."""
    data = samples(30)
    for sample in data[::7]:  # one of those held back, whichever fifth that is
        sample["x"][0, 1] = 1e4  # a row whose step is too coarse for the rest of it
    model = with_weights(ir.from_onnx_text(TEXT), _arrays(0.3))
    model.graph.initializers["w0"].const_value = ir.tensor(_without_second(model, "w0"), name="w0")
    model.graph.initializers["w3"].const_value = ir.tensor(_without_second(model, "w3"), name="w3")
    space = workspace(model, data)
    each = [found.mean_db for found in space.accuracies(space.plan, in_rows=True)]
    typical_db = float_layers._Judge(space, True).typical_db(space.plan)
    assert typical_db == pytest.approx(float(np.median(each)))
    assert typical_db > space.accuracy(space.plan, in_rows=True).mean_db + 3


def _without_second(model: ir.Model, name: str) -> np.ndarray:  # type: ignore[type-arg]
    """Weights that do not read the channel that is far off."""
    value = model.graph.initializers[name].const_value
    assert value is not None
    array = value.numpy().copy()
    array[1] = 0
    return array

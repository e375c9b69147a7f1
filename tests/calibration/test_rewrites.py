from collections.abc import Collection
from functools import partial

import numpy as np
import onnx_ir as ir
import pytest
from nets import conv_net, images, with_weights

from portproof.calibration import run
from portproof.calibration.build import Choice, build
from portproof.calibration.calibrate import calibrate
from portproof.calibration.mean_errors import mean_errors
from portproof.calibration.place.limits import beyond
from portproof.calibration.place.placement import Placement, place
from portproof.calibration.prepare import prepare
from portproof.calibration.rewrites import Trials, rewrite
from portproof.calibration.samples import open_samples
from portproof.calibration.steps import Context
from portproof.calibration.twins import add_exact, add_twins
from portproof.calibration.write import write
from portproof.device_profiles import integer_kernels

RULES = integer_kernels.load()
DATA = images(10)


def trials(model: ir.Model) -> Trials:
    return Trials(
        place=partial(place, rules=RULES),
        build=lambda each, placement, found: build(each, placement, RULES, found, Choice()),
        samples=open_samples(DATA, run.input_specs(model)),
    )


@pytest.fixture
def model() -> ir.Model:
    """A channel of r is hundreds of times smaller than the others, and counts as much: it is badly stored."""
    net = prepare(conv_net())
    for name, factor in (("w1", 0.002), ("b1", 0.002), ("w2", 500.0)):
        scale(net, name, 1, factor)
    return net


def scale(net: ir.Model, name: str, channel: int, factor: float) -> None:
    value = net.graph.initializers[name]
    array = value.const_value.numpy().copy()  # type: ignore[union-attr]
    array[channel] *= factor
    value.const_value = ir.tensor(array)


class Scaling:
    """Multiplies a channel of w1 and divides w2's by it: helps for "good", hurts for "bad"."""

    name = "scaling"

    def __init__(self, *names: str) -> None:
        self.names = names

    def groups(self, model: ir.Model) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        return self.names

    def apply(self, model: ir.Model, groups: Collection[str], context: Context) -> None:  # noqa: ARG002
        for group in groups:
            channel, factor = {"good": (1, 500.0), "bad": (2, 1e-3)}[group]
            for name, by in (("w1", factor), ("b1", factor), ("w2", 1 / factor)):
                scale(model, name, channel, by)


def plain(net: ir.Model) -> ir.Model:
    """Without the residual Add, which reads the channels too."""
    add = next(node for node in net.graph if node.op_type == "Add")
    add.replace_input_with(1, add.inputs[0])
    return net


def test_a_group_that_helps_is_kept_and_one_that_hurts_is_not(model: ir.Model) -> None:
    notes: list[str] = []
    found, (report,) = rewrite(plain(model), [Scaling("good", "bad")], trials(model), notes.append)
    assert {verdict.layer: verdict.kept for verdict in report.verdicts} == {"good": True, "bad": False}
    assert report.gain_db > 3
    assert "kept in 1 of 2 groups" in notes[0]
    sample = DATA[0]
    wanted, got = (next(run.stream(each, ["y"], [sample]))["y"] for each in (model, found))
    assert np.allclose(wanted, got, rtol=1e-4, atol=1e-4)


def test_what_hurts_leaves_the_model_as_it_is(model: ir.Model) -> None:
    found, (report,) = rewrite(plain(model), [Scaling("bad")], trials(model))
    assert found is not None
    assert run.to_bytes(found) == run.to_bytes(model)
    assert (report.kept, report.gain_db) == (0, 0.0)


def test_steps_without_groups_cost_nothing(model: ir.Model) -> None:
    assert rewrite(model, [Scaling()], trials(model)) == (model, ())


def test_twins_and_mean_errors_are_those_of_the_layers(model: ir.Model) -> None:
    workspace = trials(model).workspace(model)
    plan = workspace.plan
    quantized = write(model, plan)
    layers = list(plan.layers.values())
    names = [layer.output for layer in layers]
    exact = [value.name or "" for value in add_exact(quantized, model, layers)]
    twins = [value.name or "" for value in add_twins(quantized, plan, plan.weights)]
    raw = [f"{name}_raw" if name == "y" else name for name in names]
    totals = {layer.name: 0.0 for layer in layers}
    for values in run.stream(quantized, [*exact, *twins, *raw], DATA):
        for layer, one, twin, own in zip(layers, exact, twins, raw, strict=True):
            assert np.allclose(values[twin], values[own], atol=1e-4)
            axes = tuple(axis for axis in range(values[own].ndim) if axis != layer.output_axis % values[own].ndim)
            totals[layer.name] = totals[layer.name] + (values[one] - values[own]).mean(axis=axes) / len(DATA)
    found = mean_errors(model, plan, plan.weights, DATA)
    assert list(found) == list(totals)
    assert all(np.allclose(found[name], totals[name], atol=1e-5) for name in found)
    assert any(np.abs(shift).max() > 1e-4 for shift in found.values())


def test_scales_that_a_kernel_does_not_take_keep_a_region_float() -> None:
    text = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,32,32,32] x) => (float[1,32,32,32] y) { a = Conv(x, w) b = Mul(a, k) c = Add(b, a) y = Conv(c, w) }
"""
    arrays = {"w": np.eye(32)[:, :, None, None], "k": np.full((1, 32, 1, 1), 1e-6)}
    net = prepare(with_weights(ir.from_onnx_text(text), arrays))
    placement: Placement = place(net, RULES)
    workspace = Trials(
        place=partial(place, rules=RULES),
        build=lambda each, found, histograms: build(each, found, RULES, histograms, Choice()),
        samples=open_samples(images(3, (1, 32, 32, 32)), run.input_specs(net)),
    ).workspace(net)
    found = beyond(placement, workspace.plan, RULES)
    assert [(name, "scale ratio" in why) for name, why in found.items()] == [("Add_2", True)]


def test_trials_are_held_against_the_first_model_and_keep_what_they_watched(model: ir.Model) -> None:
    tried = trials(model)
    first = tried.workspace(model)
    reached = first.accuracy(first.plan)
    changed = model.clone()
    scale(changed, "w2", 0, 0.0)  # its function is another: only the first model's outputs show it
    second = tried.workspace(changed)
    assert second.accuracy(second.plan).mean_db < min(reached.mean_db, 20)
    assert first.table is not None
    assert first.table.count == 8
    placement = tried.place(model)
    runs: list[int] = []
    found = calibrate(
        model, placement, tried.samples, advance=lambda: runs.append(1), tables={first.table.model: first.table}
    )
    whole = calibrate(model, placement, tried.samples)
    assert (len(runs), found.samples) == (10, whole.samples)
    assert all(
        np.array_equal(found.histograms[name].counts, whole.histograms[name].counts) for name in whole.histograms
    )


def test_only_the_table_of_what_was_kept_is_held(model: ir.Model) -> None:
    tried = trials(model)
    kept, _ = rewrite(model, [Scaling("good", "bad")], tried)
    (table,) = tried.tables.values()
    assert table.model == tried.workspace(kept).table.model  # type: ignore[union-attr]

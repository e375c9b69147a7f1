"""int16 regions in a mix: where values become 16 bits, that it helps, and that LiteRT computes it."""

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from nets import with_weights

from portproof.calibration import prepare, quantize, run
from portproof.calibration.calibrate import calibrate
from portproof.calibration.place.placement import place
from portproof.calibration.samples import open_samples
from portproof.calibration.sensitivity.goal import Goal
from portproof.calibration.sensitivity.mix import Mix, Precision
from portproof.calibration.sensitivity.regions import RegionMixes
from portproof.calibration.sensitivity.targets import Targets
from portproof.device_profiles.integer_kernels import load
from portproof.exporter.tflite import convert
from portproof.runtimes import open as open_model

CHANCE = np.random.default_rng(0)
DATA = [{"x": CHANCE.normal(size=(1, 8, 6, 6)).astype(np.float32)} for _ in range(10)]


def network(opset: int = 21) -> ir.Model:
    text = f"""
<ir_version: 10, opset_import: ["" : {opset}]>
net (float[1,8,6,6] x) => (float[1,8,6,6] y)
{{ a = Conv(x, w, b)  r = Relu(a)  c = Conv(r, v, b)  y = Conv(c, v, b) }}
"""
    chance = np.random.default_rng(1)
    arrays = {"w": chance.normal(size=(8, 8, 1, 1)), "v": chance.normal(size=(8, 8, 1, 1)), "b": chance.normal(size=8)}
    return with_weights(ir.from_onnx_text(text), arrays)


def mixes_of(model: ir.Model, unit: str = "litert-reference") -> RegionMixes:
    model, rules = prepare.prepare(model), load(unit)
    samples = open_samples(DATA, run.input_specs(model))
    table = calibrate(model, place(model, rules), samples)
    return RegionMixes(model=model, rules=rules, histograms=table.histograms, samples=tuple(DATA[:4]), thrifty=False)


def mix(mixes: RegionMixes, *precisions: Precision) -> Mix:
    return Mix.of(mixes.items).changed(dict(zip([item.name for item in mixes.items], precisions, strict=True)))


def test_what_a_region_gives_becomes_int16_and_what_int8_made_stays() -> None:
    mixes = mixes_of(network())
    plan = mixes.plan(mix(mixes, "int8", "int16", "int8"))
    assert {name: found.dtype for name, found in plan.activations.items()} == {
        "x": "int8",
        "r": "int8",
        "c": "int16",
        "y": "int8",
    }
    assert plan.activations["c"].zero_point == 0


def test_what_a_float_region_made_is_int16_for_it() -> None:
    mixes = mixes_of(network())
    plan = mixes.plan(mix(mixes, "float32", "int16", "float32"))
    assert {name: found.dtype for name, found in plan.activations.items()} == {"r": "int16", "c": "int16"}
    assert mixes(mix(mixes, "float32", "int16", "float32")) > mixes(mix(mixes, "float32", "int8", "float32")) + 3


def test_more_of_it_is_nearer() -> None:
    mixes = mixes_of(network())
    eight, some, all_wide = (
        mixes(mix(mixes, *each))
        for each in (("int8", "int8", "int8"), ("int8", "int16", "int8"), ("int16", "int16", "int16"))
    )
    assert eight < some < all_wide
    assert {found.dtype for found in mixes.plan(mix(mixes, "int16", "int16", "int16")).activations.values()} == {
        "int16"
    }


@pytest.mark.parametrize(("unit", "opset"), [("litert-xnnpack", 21), ("qnn-htp", 21), ("litert-reference", 18)])
def test_it_is_no_option_where_kernels_or_pairs_do_not_allow_it(unit: str, opset: int) -> None:
    found = {option.precision for item in mixes_of(network(opset), unit).items for option in item.options}
    assert "int16" not in found
    assert "int8" in found


def test_a_bound_is_met_with_it_and_litert_computes_16x8(tmp_path: Path) -> None:
    ir.save(network(), tmp_path / "net.onnx")
    goal = Goal(targets=Targets(min_sqnr_db=42.0))
    found = quantize(
        tmp_path / "net.onnx", tmp_path / "q.onnx", DATA, recipe="fast", device="litert-reference", goal=goal
    )
    assert found.report.mix is not None
    assert found.report.mix["chosen"]["counts"].get("int16", 0) >= 1
    convert(found.path, tmp_path / "q.tflite", unit="litert-reference")
    kinds = {found.dtype for found in found.plan.activations.values()}
    assert "int16" in kinds
    with (
        open_model(tmp_path / "q.tflite", isolated=False, kernels="reference") as lite,
        open_model(found.path, isolated=False) as onnx,
    ):
        for sample in DATA[:3]:
            inputs = {"x": sample["x"].transpose(lite.inputs[0].perm or (0, 1, 2, 3))}
            got = lite.run(inputs)["y"].transpose(np.argsort(lite.outputs[0].perm or (0, 1, 2, 3)))
            wanted = onnx.run(sample)["y"]
            assert np.abs(got - wanted).max() <= 2 * found.plan.activations["y"].scale + 1e-4

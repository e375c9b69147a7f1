import math

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.calibration import prepare, run
from portproof.calibration.build import layer_weights
from portproof.calibration.calibrate import calibrate
from portproof.calibration.place import regions
from portproof.calibration.place.placement import place
from portproof.calibration.plan import Plan
from portproof.calibration.samples import open_samples
from portproof.calibration.sensitivity.mix import Mix, Precision
from portproof.calibration.sensitivity.ranking import rank
from portproof.calibration.sensitivity.regions import RegionMixes, as_computed, worst_db
from portproof.calibration.write import write
from portproof.device_profiles.integer_kernels import KernelRules, load

MODEL = """
<ir_version: 8, opset_import: ["" : 18]>
net (float[1, 32, 12, 12] x) => (float[1, 32, 12, 12] y) {
    a = Conv <pads = [1, 1, 1, 1]> (x, wide)
    b = Relu (a)
    c = Conv <pads = [1, 1, 1, 1], group = 32> (b, each)
    s = Softmax <axis = 1> (c)
    y = Conv (s, point)
}
"""


def mixes_of(text: str, **shapes: tuple[int, ...]) -> RegionMixes:
    chance = np.random.default_rng(0)
    proto = onnx.parser.parse_model(text)
    for name, shape in shapes.items():
        array = chance.normal(size=shape).astype(np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    model = prepare.prepare(ir.from_proto(proto))
    rules = load("litert-xnnpack")
    data = [{"x": chance.normal(size=(1, 32, 12, 12)).astype(np.float32)} for _ in range(4)]
    samples = open_samples(data, run.input_specs(model))
    table = calibrate(model, place(model, rules), samples)
    return RegionMixes(model=model, rules=rules, histograms=table.histograms, samples=tuple(data), thrifty=False)


@pytest.fixture(scope="module")
def mixes() -> RegionMixes:
    return mixes_of(MODEL, wide=(32, 32, 3, 3), each=(32, 1, 3, 3), point=(32, 32, 1, 1))


def named(mixes: RegionMixes, *precisions: Precision) -> Mix:
    return Mix.of(mixes.items).changed(dict(zip([item.name for item in mixes.items], precisions, strict=True)))


def test_items_are_what_the_unit_can_do_otherwise_than_in_float(mixes: RegionMixes) -> None:
    found = [[option.precision for option in item.options] for item in mixes.items]
    layer = ["int8", "dynamic", "weight_only", "float16", "float32"]
    assert found == [
        layer,
        ["int8", "weight_only", "float16", "float32"],
        layer,
    ]  # no dynamic depthwise kernel, no softmax


def test_work_and_size_are_counted(mixes: RegionMixes) -> None:
    first, second, _ = mixes.items
    assert first.reference.cost == 144 * 32 * 32 * 9 * 1024
    assert second.reference.cost == 144 * 32 * 9 * 1024
    assert first.option("int8").size_bytes == 32 * 32 * 9 + 32 * 4


def test_all_float_is_exact(mixes: RegionMixes) -> None:
    mix = Mix.of(mixes.items)
    plan = mixes.plan(mix)
    assert (plan.integer, plan.dynamic, plan.weight_only) == (frozenset(), frozenset(), frozenset())
    assert mixes(mix) == math.inf


def test_each_form_is_in_the_plan_where_the_mix_says(mixes: RegionMixes) -> None:
    first, second, third = (item.name for item in mixes.items)
    plan = mixes.plan(named(mixes, "dynamic", "int8", "weight_only"))
    assert plan.dynamic == {first}
    assert plan.weight_only == {third}
    assert second in plan.integer
    assert set(plan.weights) == {first, second, third}
    assert not plan.why_float.keys() & {first, third}


def test_weights_in_float16_are_written_so_and_nearly_exact(mixes: RegionMixes) -> None:
    first, *_ = (item.name for item in mixes.items)
    mix = named(mixes, "float16", "float32", "float32")
    plan = mixes.plan(mix)
    assert (plan.half, plan.weights) == ({first}, {})
    written = write(mixes.model, plan)
    held = {value.name: value.dtype for value in written.graph.initializers.values()}
    assert held["wide_half"] == ir.DataType.FLOAT16
    assert "wide" not in held
    assert 55 < mixes(mix) < 90
    noise = rank(mixes.items, mixes).noise(first, "float16")
    assert -10 * math.log10(noise) == pytest.approx(mixes(mix), abs=5)  # what is taken for it unseen


def test_weights_beyond_float16_have_no_such_option() -> None:
    mixes = mixes_of(MODEL, wide=(32, 32, 3, 3), each=(32, 1, 3, 3), point=(32, 32, 1, 1))
    value = mixes.model.graph.initializers["point"]
    array = value.const_value.numpy().copy()
    array[0, 0] = 7e4
    value.const_value = ir.tensor(array, name="point")
    found = ["float16" in {option.precision for option in item.options} for item in mixes.items]
    assert found == [True, True, False]


def test_more_precision_less_noise(mixes: RegionMixes) -> None:
    static, dynamic, only = (
        mixes(named(mixes, form, "float32", "float32")) for form in ("int8", "dynamic", "weight_only")
    )
    assert 15 < static < only
    assert 15 < dynamic < only
    assert mixes(named(mixes, "int8", "int8", "int8")) < static


def test_a_ranking_predicts_the_sum(mixes: RegionMixes) -> None:
    ranking = rank(mixes.items, mixes)
    every = named(mixes, "int8", "int8", "int8")
    assert ranking.predicted_db(every) == pytest.approx(mixes(every), abs=3)


def test_the_worst_output_counts() -> None:
    wanted = [{"a": np.ones(2), "b": np.ones(2)}]
    assert worst_db(["a", "b"], wanted, [{"a": np.ones(2), "b": np.full(2, 1.1)}]) == pytest.approx(20)
    assert worst_db([], [], []) == math.inf


SHARED = """
<ir_version: 8, opset_import: ["" : 18]>
net (float[1, 32, 12, 12] x) => (float[1, 32, 12, 12] y, float[1, 32, 12, 12] z) {
    s = Softmax <axis = 1> (x)
    y = Conv <pads = [1, 1, 1, 1]> (s, wide)
    z = Conv <pads = [1, 1, 1, 1]> (s, other)
}
"""


def test_one_value_may_be_read_with_a_fixed_scale_and_with_one_found_when_running() -> None:
    mixes = mixes_of(SHARED, wide=(32, 32, 3, 3), other=(32, 32, 3, 3))
    assert 15 < mixes(named(mixes, "int8", "dynamic")) < 60


def test_dynamic_layers_are_judged_with_the_scales_that_the_unit_finds() -> None:
    """One row a hundred times as large: one scale for all leaves the others a hundredth of their digits."""
    chance, rules = np.random.default_rng(0), load()
    text = '<ir_version: 10, opset_import: ["" : 20]>\nnet (float[8,32] x) => (float[8,16] y) { y = MatMul(x, w) }'
    proto = onnx.parser.parse_model(text)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(chance.normal(size=(32, 16)).astype(np.float32), "w"))
    model = prepare.prepare(ir.from_proto(proto))
    rows = chance.normal(size=(8, 32)).astype(np.float32)
    rows[3] *= 100
    layers = {region.layer.name: region.layer for region in regions.find(model) if region.layer is not None}
    weights = {name: layer_weights(model, layer, rules, None) for name, layer in layers.items()}
    plan = Plan(layers=layers, integer=frozenset(), activations={}, weights=weights, dynamic=frozenset(layers))

    def of_small_rows(of: KernelRules) -> float:
        found = run.values(run.session(run.to_bytes(as_computed(model, plan, of))), ["y"], {"x": rows})["y"]
        wanted = run.values(run.session(run.to_bytes(model)), ["y"], {"x": rows})["y"]
        return float(np.abs(found - wanted)[:3].max())

    assert rules.dynamic_scales == "row"
    assert of_small_rows(rules) < 0.1 * of_small_rows(rules.model_copy(update={"dynamic_scales": "tensor"}))

from dataclasses import replace

import numpy as np
import onnx_ir as ir
import pytest
from nets import images

from portproof.calibration import run
from portproof.calibration.accuracy import Accuracy, compare
from portproof.calibration.findings import check_range, clipped, findings, float_nodes, poor
from portproof.calibration.observe import histogram
from portproof.calibration.plan import Encoding, Plan
from portproof.calibration.samples import Samples, open_samples
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.images import Preprocessing

NET = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,3,8,8] x) => (float[1,3,8,8] y) { a = Relu(x) y = Sigmoid(a) }
"""


def samples(count: int, *, scale: float = 1.0) -> Samples:
    data = [{"x": sample["x"] * np.float32(scale)} for sample in images(count)]
    return open_samples(data, run.input_specs(ir.from_onnx_text(NET)))


def plan(encodings: dict[str, Encoding], why: dict[str, str] | None = None) -> Plan:
    return Plan(layers={}, integer=frozenset(), activations=encodings, weights={}, why_float=why or {})


def codes(*, count: int = 40, values: dict[str, np.ndarray], held: float = 1.0) -> list[str]:  # type: ignore[type-arg]
    histograms = {name: histogram.of(array.astype(np.float32)) for name, array in values.items()}
    encodings = {name: Encoding(scale=held / 127, zero_point=0) for name in values}
    model = ir.from_onnx_text(NET)
    return [message.code for message in findings(model, plan(encodings), histograms, samples(count), {})]


def test_nothing_is_told_when_all_is_well() -> None:
    assert codes(values={"a": np.linspace(-1, 1, 100)}) == []


def test_few_samples_dead_and_saturated_values_are_told() -> None:
    assert codes(count=3, values={"a": np.linspace(-1, 1, 100)}) == ["W-CALIB-FEW"]
    assert codes(values={"a": np.full(9, 0.5), "b": np.zeros(4)}) == ["W-CALIB-CONSTANT"]
    assert codes(values={"a": np.linspace(-2, 2, 100)}) == ["W-CALIB-SATURATED"]


def test_the_share_that_is_clipped() -> None:
    found = histogram.of(np.linspace(-2, 2, 4001, dtype=np.float32))
    assert clipped(found, Encoding(scale=1 / 127, zero_point=0)) == pytest.approx(0.5, abs=0.01)
    assert clipped(found, Encoding(scale=2 / 127, zero_point=0)) == 0.0


def test_joined_ranges_come_with_a_fix() -> None:
    model = ir.from_onnx_text(NET)
    (message,) = findings(model, plan({}), {}, samples(40), {"cat": "it joins 'a', ..."})
    assert (message.code, "outputs of their own" in message.hint) == ("W-CALIB-SHARED-RANGE", True)


@pytest.mark.parametrize(("scale", "mean", "fits"), [(1.0, 0.5, False), (0.1, 0.5, True), (0.001, 0.5, False)])
def test_data_that_the_declared_preprocessing_does_not_give(scale: float, mean: float, *, fits: bool) -> None:
    declared = Preprocessing(size=(8, 8), resize=8, mean=(mean,))  # gives -0.5 to 0.5
    data = samples(4, scale=scale)
    if fits:
        check_range(data, [declared])
        return
    with pytest.raises(PortproofError, match=r"gives -0\.5 to 0\.5") as raised:
        check_range(data, [declared])
    assert raised.value.code == "E-CALIB-RANGE"


def test_float_nodes_have_place_and_reason() -> None:
    model = ir.from_onnx_text(NET)
    first, second = model.graph
    first.name, second.name = "one", "two"
    second.metadata_props["portproof.module"] = "head.act"
    (found,) = float_nodes(model, plan({}, {"two": "no kernel"}))
    assert (found.name, found.op_type, found.where, found.why) == ("two", "Sigmoid", "module head.act", "no kernel")


def test_layers_that_give_floats_are_told() -> None:
    model = ir.from_onnx_text(NET)
    for name, node in zip(("one", "two", "three", "four"), model.graph, strict=False):
        node.name = name
    found = float_nodes(model, replace(plan({}), float_results={"one": "its values span -3 to 4000, ..."}))
    assert [(node.name, "its result alone" in node.why) for node in found] == [("one", True)]


def test_accuracy_is_of_each_output_and_poor_ones_are_told() -> None:
    chance = np.random.default_rng(0)
    good = [{"a": chance.normal(size=1000), "b": chance.normal(size=1000), "n": np.arange(3)} for _ in range(3)]
    noisy = [{"a": s["a"] + 0.01 * chance.normal(size=1000), "b": s["b"] * 0, "n": s["n"]} for s in good]
    found = compare(good, noisy)
    assert found.outputs["a"] == pytest.approx(40, abs=0.5)
    assert found.outputs["b"] == pytest.approx(0.0, abs=1e-9)
    assert (set(found.outputs), found.samples) == ({"a", "b"}, 3)
    assert found.sqnr_db == found.outputs["b"]
    assert [message.where for message in poor(found)] == ["b"]


def test_no_error_no_signal_and_nonsense_have_a_number() -> None:
    ones, zeros, nan = ([{"a": np.full(3, value)}] for value in (1.0, 0.0, np.nan))
    assert [compare(*pair).sqnr_db for pair in ((ones, ones), (zeros, ones), (ones, nan))] == [200.0, -200.0, -200.0]
    assert Accuracy().sqnr_db == 200.0

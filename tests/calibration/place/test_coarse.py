"""Results of a few huge values give float32, where float operators alone read them."""

import numpy as np
import onnx_ir as ir
import pytest
from onnx_ir.passes import common

from portproof.calibration import prepare
from portproof.calibration.build import Choice, build
from portproof.calibration.observe import histogram, ranges
from portproof.calibration.place import coarse
from portproof.calibration.place.placement import place
from portproof.device_profiles import integer_kernels

HEADER = '<ir_version: 10, opset_import: ["" : 21]>'
STREAM = """
net (float[64,64] x) => (float[64,64] y)
{
  [up] a = MatMul(x, w)
  g = Gelu(a)
  [down] b = MatMul(g, v)
  [to] c = Reshape(b, shape)
  n = LayerNormalization(c, gamma)
  y = Gelu(n)
}
"""


def model(text=STREAM):
    made = ir.from_onnx_text(HEADER + text)
    chance = np.random.default_rng(0)
    arrays = {name: chance.normal(size=(64, 64)).astype(np.float32) for name in "wv"}
    arrays |= {"shape": np.array([64, 64]), "gamma": np.ones(64, np.float32)}
    for name, array in arrays.items():
        for value in {v for node in made.graph for v in node.inputs if v.name == name}:
            value.const_value = ir.tensor(array, name=name)
            value.shape, value.type = value.const_value.shape, ir.TensorType(value.const_value.dtype)
            made.graph.register_initializer(value)
    common.ShapeInferencePass()(made)
    return prepare.tidied(made)


def values(outlier):
    array = np.random.default_rng(1).normal(size=4096).astype(np.float32)
    array[:8] *= outlier
    return histogram.of(array)


def plan_of(text=STREAM, unit="litert-xnnpack", outlier=3000.0):
    made, rules = model(text), integer_kernels.load(unit)
    placement = place(made, rules)
    histograms = {name: values(outlier if name == "b" else 1) for name in placement.sources}
    return build(made, placement, rules, histograms, Choice())


@pytest.mark.parametrize("unit", ["litert-xnnpack", "litert-reference", "onnxruntime-cpu"])
def test_a_stream_of_outliers_carries_no_pair(unit):
    plan = plan_of(unit=unit)
    assert set(plan.float_results) == {"down"}
    assert "span" in plan.float_results["down"]
    assert "down" in plan.integer
    assert not {"b", "c"} & set(plan.activations)
    assert "to" not in plan.integer
    assert "g" in plan.activations


def test_even_values_keep_theirs():
    plan = plan_of(outlier=1.0)
    assert not plan.float_results
    assert "b" in plan.activations


def test_a_unit_without_such_a_kernel_keeps_all():
    assert not plan_of(unit="qnn-htp").float_results


def test_what_integers_read_keeps_its_pair():
    text = STREAM.replace("n = LayerNormalization(c, gamma)", "n = MatMul(c, w)")
    assert not plan_of(text).float_results


def test_what_leaves_the_model_keeps_its_pair():
    text = STREAM.replace("=> (float[64,64] y)", "=> (float[64,64] y, float[64,64] b)")
    assert not plan_of(text).float_results


def test_typical_values_are_held_against_the_step():
    found = [values(outlier) for outlier in (1.0, 3000.0)]
    reached = [coarse.typical_db(each, ranges.encoding(ranges.best(each))) for each in found]
    assert reached[0] > 35
    assert reached[1] < coarse.LEAST_DB


def test_zeros_are_stored_exactly_and_do_not_count():
    array = np.maximum(np.random.default_rng(1).normal(size=4096), 0).astype(np.float32)
    array[:3000] = 0
    found = histogram.of(array)
    assert coarse.typical_db(found, ranges.encoding(ranges.best(found))) > 30
    assert coarse.typical_db(histogram.of(np.zeros(9)), ranges.encoding((0, 1))) == float("inf")

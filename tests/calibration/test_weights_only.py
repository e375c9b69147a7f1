"""Which layers a plan without calibrated activations takes."""

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from nets import conv_net, images, save, with_weights

from portproof.calibration import quantize, recipes
from portproof.calibration.prepare import prepare
from portproof.calibration.weights_only import weights_plan
from portproof.device_profiles import integer_kernels

RULES = integer_kernels.load()
TEXT = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,8,8,8] x) => (float[1,32,8,8] y) { a = Conv(x, w) y = Conv(a, v) }
"""


@pytest.fixture
def model() -> ir.Model:
    """A Conv of 8 products a sum, then one of 256."""
    arrays = {"w": np.ones((256, 8, 1, 1)), "v": np.ones((32, 256, 1, 1))}
    return prepare(with_weights(ir.from_onnx_text(TEXT), arrays))


def test_dynamic_layers_that_a_processor_computes_slower_stay_float_there(model: ir.Model) -> None:
    short, long = (node.name or "" for node in model.graph)
    recipe = recipes.find("dynamic")
    assert weights_plan(model, RULES, recipe).dynamic == {short, long}
    found = weights_plan(model, RULES, recipe, processor="x86_64")
    assert found.dynamic == set(found.weights) == {long}
    assert "short product" in found.why_float[short]
    assert weights_plan(model, RULES, recipe, processor="aarch64").dynamic == {short, long}
    assert weights_plan(model, RULES, recipes.find("weight-only"), processor="x86_64").weight_only == {short, long}


def test_what_is_asked_to_stay_float_does(model: ir.Model) -> None:
    short, long = (node.name or "" for node in model.graph)
    found = weights_plan(model, RULES, recipes.find("weight-only"), apart={long: "asked"})
    assert (found.weight_only, found.why_float) == ({short}, {long: "asked"})


def test_the_whole_way(tmp_path: Path) -> None:
    path = save(conv_net(), tmp_path)
    name = next(iter(ir.load(path).graph)).name or "Conv_0"
    found = quantize(path, path.with_name("q.onnx"), images(), recipe="dynamic", apart=[name])
    assert name not in found.plan.dynamic
    assert found.plan.why_float[name] == "it was asked to stay float"

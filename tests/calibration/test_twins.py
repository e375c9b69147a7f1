import numpy as np
import onnx_ir as ir
import pytest
from nets import images, with_weights

from portproof.calibration import run
from portproof.calibration.build import layer_weights
from portproof.calibration.place import regions
from portproof.calibration.plan import Encoding, Plan
from portproof.calibration.prepare import prepare
from portproof.calibration.twins import EXACT, TWIN, add_exact, add_twins
from portproof.calibration.write import write
from portproof.device_profiles import integer_kernels

NET = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,3,8,8] x) => (float[1,4,8,8] y, float[1,4,8,8] z)
{ a = Gelu(x) [one] y = Conv(a, w) [other] z = Conv(a, v) }
"""
RULES = integer_kernels.load()


@pytest.fixture(scope="module")
def model() -> ir.Model:
    chance = np.random.default_rng(0)
    return prepare(with_weights(ir.from_onnx_text(NET), {name: chance.normal(size=(4, 3, 1, 1)) for name in "wv"}))


def mixed(model: ir.Model, form: str) -> Plan:
    """The layer `one` in integers, the layer `other` in another form, both of one value."""
    layers = {region.name: region.layer for region in regions.find(model) if region.layer is not None}
    coarse = Encoding(scale=0.1, zero_point=0)
    return Plan(
        layers=layers,
        integer=frozenset({"one"}),
        activations={"a": coarse, "y": coarse},
        weights={name: layer_weights(model, layer, RULES, None) for name, layer in layers.items()},
        **{form: frozenset({"other"})},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("form", ["weight_only", "dynamic"])
def test_the_exact_form_reads_what_was_before_its_own_rounding_only(model: ir.Model, form: str) -> None:
    plan = mixed(model, form)
    written = write(model, plan)
    exact = add_exact(written, model, plan.layers.values())
    twins = add_twins(written, plan, plan.weights)
    assert [value.name for value in (*exact, *twins)] == [f"{name}{end}" for end in (EXACT, TWIN) for name in "yz"]
    assert [value.producer().inputs[0].name for value in exact] == ["a", "a"]  # no pair, and no further back
    names = [value.name or "" for value in (*exact, *twins)]
    found = next(run.stream(written, ["z", "y_raw", *names], images(1)))
    wanted = next(run.stream(model, ["y", "z"], images(1)))
    assert all(np.array_equal(found[f"{name}{EXACT}"], wanted[name]) for name in "yz")
    assert np.allclose(found[f"z{TWIN}"], found["z"], atol=1e-5)  # the same weights
    assert np.allclose(found[f"y{TWIN}"], found["y_raw"], atol=1e-5)

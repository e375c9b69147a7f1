"""A model placed for several units in a row is placed as for each alone."""

import onnx_ir as ir
import pytest

from portproof.calibration.place.islands import unprofitable
from portproof.calibration.place.kept import Kept, keeping, kept
from portproof.calibration.place.placement import place
from portproof.calibration.place.sites import site
from portproof.calibration.prepare import prepare
from portproof.device_profiles.integer_kernels import load, units

NET = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,4,16,16] x) => (float[1,4,16,16] y, float[1,4,16,16] z)
<float[4,4,1,1] w = {0.1,0.2,0.3,-0.4,0.5,-0.6,0.7,-0.8,0.9,1.0,-1.1,1.2,0.1,0.2,0.3,0.4}>
{ a = Conv(x, w) b = HardSwish(a) c = Conv(b, w) d = Add(a, c) e = Sin(d) f = Abs(e) y = Sigmoid(d) z = Neg(f) }
"""


@pytest.fixture(scope="module")
def model() -> ir.Model:
    return prepare(ir.from_onnx_text(NET))


def test_every_unit_gets_its_own_placement(model: ir.Model) -> None:
    alone = {unit: place(model, load(unit)) for unit in units()}
    with keeping(Kept()):
        together = {unit: place(model, load(unit)) for unit in units()}
    for unit in units():
        assert together[unit].integer == alone[unit].integer, unit
        assert together[unit].why_float == alone[unit].why_float, unit
        assert together[unit].groups == alone[unit].groups, unit
    assert len({found.integer for found in alone.values()}) > 1


def test_what_the_rules_decide_is_not_mixed_up(model: ir.Model) -> None:
    regions = place(model, load("onnxruntime-cpu")).regions
    refused = {regions[2].name: "so"}
    found = Kept()
    with keeping(found):
        for unit in ("onnxruntime-cpu", "qnn-htp", "litert-reference"):
            for apart in ({}, refused):
                assert unprofitable(regions, apart, load(unit)) is unprofitable(regions, apart, load(unit))
    assert 2 <= len(found.costly) < 6


def test_a_node_is_read_once_inside_and_anew_outside(model: ir.Model) -> None:
    node = next(iter(model.graph))
    found = Kept()
    with keeping(found):
        assert kept() is found
        assert site(node) is site(node)
    assert kept() is None
    assert site(node) is not site(node)
    assert site(node) == found.sites[node]

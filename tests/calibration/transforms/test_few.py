"""Channels that stand out are found, and get float products of their own."""

import fake_quant
import numpy as np
import onnx_ir as ir
import pytest
from nets import with_weights

from portproof.calibration import quantize
from portproof.calibration.place.marked import marked
from portproof.calibration.prepare import prepare
from portproof.calibration.transforms.few import FewChannels
from portproof.calibration.transforms.smooth import Rows

MASSIVE = (17, 90)
TEXT = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[12,32] x) => (float[12,16] y)
{ h = Gemm(x, w1, b1) g = Gelu(h) o = Gemm(g, w2, b2) y = Relu(o) }
"""


def network(factor: float) -> ir.Model:
    """Of 256 hidden channels two are `factor` times as large as the others."""
    chance = np.random.default_rng(0)
    arrays = {"w1": chance.normal(size=(32, 256)), "b1": chance.normal(size=256)}
    arrays |= {"w2": chance.normal(size=(256, 16)), "b2": chance.normal(size=16)}
    arrays["w1"][:, MASSIVE] *= factor
    arrays["w2"][MASSIVE, :] /= factor
    return with_weights(ir.from_onnx_text(TEXT), arrays)


def samples(count: int = 20) -> list[dict[str, np.ndarray]]:  # type: ignore[type-arg]
    chance = np.random.default_rng(1)
    return [{"x": chance.normal(size=(12, 32)).astype(np.float32)} for _ in range(count)]


def rows(factor: float, channels: int = 256) -> Rows:
    some = np.random.default_rng(2).normal(size=(64, channels))
    some[:, [c for c in MASSIVE if c < channels]] *= factor
    return Rows(low=some.min(axis=0), high=some.max(axis=0), some=some)


@pytest.mark.parametrize("by_row", [True, False])
def test_channels_that_stand_out_are_found_and_no_others(by_row: bool) -> None:
    weights = np.random.default_rng(3).normal(size=(256, 40))
    step = FewChannels(by_row=by_row)
    assert set(step.search(rows(30.0), weights)) == set(MASSIVE)
    assert step.search(rows(1.0), weights) == ()


def test_of_few_channels_none_is_taken() -> None:
    assert FewChannels().search(rows(30.0, 32), np.ones((32, 4))) == ()  # one of 32 is not for nothing


@pytest.mark.parametrize("by_row", [True, False])
def test_it_splits_where_that_helps(by_row: bool) -> None:
    for factor, added in ((30.0, 5), (1.0, 0)):
        context = fake_quant.FakeQuant(prepare(network(factor)), samples())
        model = context.model.clone()
        step = FewChannels(by_row=by_row)
        step.apply(model, step.groups(model), context)
        assert len(marked(model)) == added


@pytest.mark.parametrize(("recipe", "more_db"), [("dynamic", 6), ("default", 3)])
def test_the_recipes_gain_by_it(recipe: str, more_db: float, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "net.onnx"
    ir.save(network(40.0), path)
    found = quantize(path, tmp_path / "q.onnx", samples(40), recipe=recipe)
    step = next(each for each in found.report.steps if each.name == FewChannels.name)
    assert step.kept == 1
    assert step.gain_db > more_db
    told = {node.op_type for node in found.report.float_nodes if "few channels" in node.why}
    assert "MatMul" in told
    assert len([name for name in found.plan.weights if "apart" in name]) == 0


def test_a_unit_without_float_products_beside_its_integer_ones_is_spared(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "net.onnx"
    ir.save(network(40.0), path)
    found = quantize(path, tmp_path / "q.onnx", samples(40), recipe="default", device="nxp-imx-93")
    assert FewChannels.name not in {each.name for each in found.report.steps}

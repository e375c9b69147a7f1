"""Models that round are proven without their roundings."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.onnx_run import OnnxFunction
from portproof.exporter.simplify.rounding import without_rounding
from portproof.exporter.simplify.run import prove

HEAD = """<ir_version: 10, opset_import: ["" : 21]>
net (float[4000] x) => (float[4000] y)
<float a = {0.3}, float b = {0.7}, float c = {%g}, float s = {%g}, int8 z = {0}>
"""
LEFT = "{ p = Add(x, a) v = Add(p, b) q = QuantizeLinear(v, s, z) y = DequantizeLinear(q, s, z) }"
RIGHT = "{ v = Add(x, c) q = QuantizeLinear(v, s, z) y = DequantizeLinear(q, s, z) }"
RUNNING = "{ p = Add(x, a) v = Add(p, b) q, t, o = DynamicQuantizeLinear(v) y = DequantizeLinear(q, t, o) }"
# Sums that lie on the border of two steps, or a rounding away from it.
X = {"x": (np.arange(4000) % 100 - 50.5).astype(np.float32)}


def network(body: str, scale: float = 1.0, factor: float = 1.0) -> ir.Model:
    return ir.from_proto(onnx.shape_inference.infer_shapes(onnx.parser.parse_model(HEAD % (factor, scale) + body)))


def proven(one: ir.Model, other: ir.Model, x: float = 1.0) -> dict[str, float]:
    given = {"x": np.clip(X["x"], -50.5 * x, 50.5 * x)}
    with OnnxFunction(one) as function:
        return prove(one, other, [given], [function.run(given)])


def test_sums_in_another_order_may_be_rounded_otherwise() -> None:
    errors = proven(network(LEFT), network(RIGHT))
    assert errors["y"] == 1  # a whole step, two hundredths of the largest


@pytest.mark.parametrize("scale", [1.1, 7.0])
def test_another_scale_is_no_rounding(scale: float) -> None:
    with pytest.raises(PortproofError, match="E-SIMPLIFY-DIFFERS"):
        proven(network(LEFT), network(RIGHT, scale=scale))


def test_a_step_that_is_much_of_the_output_is_not_taken_for_a_rounding() -> None:
    with pytest.raises(PortproofError, match="E-SIMPLIFY-DIFFERS"):
        proven(network(LEFT), network(RIGHT), x=0.05)


def test_a_small_sample_that_is_wrong_is_not_hidden_by_a_large_one_that_is_right() -> None:
    """Of the large one the largest error is larger, and explained."""
    one = network("{ y = Mul(x, c) }")
    other = network("{ m = Mul(x, c) y = Add(m, s) }", scale=0.01, factor=1.0001)
    large, small = {"x": X["x"] * 1e6}, {"x": X["x"] / 1e3}
    with OnnxFunction(one) as function:
        expected = [function.run(each) for each in (large, small)]
    with pytest.raises(PortproofError, match="E-SIMPLIFY-DIFFERS"):
        prove(one, other, [large, small], expected)


def test_another_sum_is_no_rounding() -> None:
    with pytest.raises(PortproofError, match="E-SIMPLIFY-DIFFERS"):
        proven(network(LEFT), network(RIGHT.replace("x, c", "x, b")))


def test_a_pair_that_is_gone_is_no_rounding() -> None:
    with pytest.raises(PortproofError, match="E-SIMPLIFY-DIFFERS"):
        proven(network(LEFT), network("{ y = Add(x, c) }"))


@pytest.mark.parametrize("body", [LEFT, RUNNING])
def test_without_their_roundings_models_are_what_they_stand_for(body: str) -> None:
    plain = without_rounding(network(body))
    assert plain is not None
    assert [node.op_type for node in plain.graph] == ["Add", "Add"]
    with OnnxFunction(plain) as function:
        np.testing.assert_allclose(function.run(X)["y"], X["x"] + 1, rtol=1e-6, atol=1e-6)
    assert without_rounding(network("{ y = Add(x, c) }")) is None

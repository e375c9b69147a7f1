"""A model is lowered once for all units that get the same operators, and anew for those that do not."""

import onnx_ir as ir
import pytest
from tests.exporter.check.nets import model

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.op_rules.load import load
from portproof.exporter.check.forms import Forms
from portproof.exporter.check.operators import Operator
from portproof.exporter.check.synthetic import Synthetic, quantized
from portproof.exporter.check.tflite_operators import operators_of
from portproof.exporter.simplify.pipeline import run_passes
from portproof.exporter.tflite.conversion import lower_function

CONVS = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1,4,8,8] x) => (float[1,4,8,8] out)
<float[4,4,1,1] w = {0.1,0.2,0.3,-0.4,0.5,-0.6,0.7,-0.8,0.9,1.0,-1.1,1.2,0.1,0.2,0.3,0.4}>
{ a = Conv(x, w) b = ACT(a) out = Conv(b, w) }
"""


def forms(activation: str) -> Forms:
    return Forms(model(CONVS.replace("ACT", activation)), int8=True)


def ops(operators: tuple[Operator, ...]) -> list[str]:
    return [each.facts.op for each in operators]


def test_units_with_the_same_pairs_share_the_operators() -> None:
    shared = forms("Sigmoid")
    first, second = (shared.operators(load(unit)) for unit in ("litert-xnnpack", "litert-gpu"))
    assert first is second
    assert "QUANTIZE" in ops(first)


def test_units_that_choose_other_kernels_get_operators_of_their_own() -> None:
    """XNNPACK computes a HARD_SWISH in float32; a unit without XNNPACK has the integer kernel."""
    both = forms("HardSwish")
    pairs = quantized(run_passes(model(CONVS.replace("ACT", "HardSwish"))), "ethos-u")
    for unit, count in (("litert-xnnpack", 1), ("ethos-u", 0)):
        found = both.operators(load(unit))
        swish = next(each.facts for each in found if each.facts.op == "HARD_SWISH")
        assert (swish.outputs[0].dtype == "float32") == bool(count)
    assert lower_function(pairs, unit="litert-xnnpack").by_unit == {"HARD_SWISH"}
    assert lower_function(pairs, unit="ethos-u").by_unit == {"HARD_SWISH"}


@pytest.mark.parametrize("first", ["litert-xnnpack", "edge-tpu"])
def test_integer_ends_do_not_depend_on_who_asks_first(first: str) -> None:
    second = {"litert-xnnpack": "edge-tpu", "edge-tpu": "litert-xnnpack"}[first]
    shared = forms("Relu")
    found = {unit: shared.operators(load(unit)) for unit in (first, second)}
    assert ops(found["litert-xnnpack"]) == ["QUANTIZE", "CONV_2D", "CONV_2D", "DEQUANTIZE"]
    assert ops(found["edge-tpu"]) == ["CONV_2D", "CONV_2D"]
    assert [one.facts.inputs[0].dtype for one in found["edge-tpu"] if one.facts.inputs[0]] == ["int8", "int8"]


@pytest.mark.parametrize("unit", ["litert-xnnpack", "qnn-htp-litert", "ethos-u", "edge-tpu"])
@pytest.mark.parametrize("activation", ["HardSwish", "Sigmoid", "Softmax"])
def test_what_is_shared_is_what_each_unit_gets_alone(unit: str, activation: str) -> None:
    shared, rules = forms(activation), load(unit)
    for other in ("edge-tpu", "litert-xnnpack", "qnn-htp", "ethos-u", "qnn-htp-litert"):
        shared.operators(load(other))
    pairs = quantized(run_passes(model(CONVS.replace("ACT", activation))), rules.integer)
    alone = lower_function(pairs, integer_io=rules.integer_io, unit=rules.integer).model.graph
    assert shared.operators(rules) == tuple(operators_of(alone))


def test_pairs_are_set_once_for_units_that_place_alike() -> None:
    source = run_passes(model(CONVS.replace("ACT", "Relu")))
    several = Synthetic(source)
    first, second, third = (several.on(unit) for unit in ("litert-xnnpack", "litert-reference", "coreml"))
    assert first is second
    assert first is not third  # its zero points are 0
    assert ir.to_proto(third) == ir.to_proto(quantized(source, "coreml"))


def test_a_model_without_a_form_is_refused_to_every_unit() -> None:
    text = '<ir_version: 10, opset_import: ["" : 20]> net (float[5,6,6] x) => (float[5] y) { y = Det(x) }'
    refusing = Forms(model(text))
    for unit in ("litert-gpu", "litert-xnnpack"):
        with pytest.raises(PortproofError) as raised:
            refusing.operators(load(unit))
        assert raised.value.code == "E-OP-UNSUPPORTED"
    assert ops(refusing.operators(load("qnn-htp"))) == ["Det"]

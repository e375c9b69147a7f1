"""ONNX nodes as rules see them: integers where pairs say so."""

import pytest
from tests.exporter.check.nets import model

from portproof.exporter.check.onnx_operators import operators_of
from portproof.exporter.check.synthetic import quantized
from portproof.exporter.simplify.pipeline import run_passes

GELU = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,4] x) => (float[1,4] y, float[1,4] z)
<float root = {1.4142135}, float one = {1}, float half = {0.5}>
{ d = Div(x, root) e = Erf(d) a = Add(e, one) h = Mul(a, half) y = Mul(x, h) z = Erf(y) }
"""


def test_floats_as_they_are() -> None:
    conv, power, relu = operators_of(model())
    assert [one.facts.op for one in (conv, power, relu)] == ["Conv", "Pow", "Relu"]
    assert [None if each is None else each.dtype for each in conv.facts.inputs] == ["float32", "float32"]
    assert (conv.reads, conv.makes, power.reads) == (("image",), ("conv",), ("conv",))
    assert power.facts.inputs[1] is not None
    assert power.facts.inputs[1].values == (pytest.approx(1.7),)


def test_pairs_are_no_operators_and_tensors_between_are_integers() -> None:
    operators = operators_of(quantized(run_passes(model()), "litert-xnnpack"))
    conv = next(one.facts for one in operators if one.facts.op == "Conv")
    image, weight = conv.inputs[:2]
    assert image is not None
    assert weight is not None
    assert (image.dtype, image.name, len(image.scales)) == ("int8", "image", 1)
    assert (weight.dtype, weight.constant, len(weight.scales)) == ("int8", True, 4)
    assert conv.outputs[0].dtype == "int8"
    assert not {"QuantizeLinear"} & {one.facts.op for one in operators}


def test_an_erf_knows_whether_it_is_part_of_a_gelu() -> None:
    found = [one.facts.pattern for one in operators_of(model(GELU)) if one.facts.op == "Erf"]
    assert found == ["Gelu", ""]

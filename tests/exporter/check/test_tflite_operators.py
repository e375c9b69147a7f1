"""Operators of a lowered graph as rules see them."""

from tests.exporter.check.nets import model

from portproof.exporter.check.synthetic import quantized
from portproof.exporter.check.tflite_operators import operators_of
from portproof.exporter.simplify.pipeline import run_passes
from portproof.exporter.tflite.conversion import lower_function


def test_a_float_graph() -> None:
    operators = operators_of(lower_function(run_passes(model())).model.graph)
    conv = next(one.facts for one in operators if one.facts.op == "CONV_2D")
    image, weight = conv.inputs[:2]
    assert image is not None
    assert weight is not None
    assert (image.dtype, image.constant, weight.constant, weight.shape) == ("float32", False, True, (4, 1, 1, 3))
    assert (conv.attributes["padding"], conv.version) == ("VALID", 1)
    assert len({name for one in operators for name in one.makes}) == len(operators)


def test_an_integer_graph_has_scales_and_integer_ends() -> None:
    lowered = lower_function(quantized(run_passes(model()), "ethos-u"), unit="ethos-u", integer_io=True)
    operators = operators_of(lowered.model.graph)
    conv = next(one.facts for one in operators if one.facts.op == "CONV_2D")
    image, weight = conv.inputs[:2]
    assert image is not None
    assert weight is not None
    assert (image.dtype, len(image.scales), len(weight.scales)) == ("int8", 1, 4)
    assert next(one for one in operators if one.facts.op == "POW").facts.computed[0].dtype == "float32"

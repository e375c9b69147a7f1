"""What a saturating function does not tell apart sets no range."""

import math

import numpy as np
import onnx_ir as ir
import pytest

from portproof.calibration.observe import histogram, ranges
from portproof.calibration.place import saturation

HEADER = '<ir_version: 10, opset_import: ["" : 21]>'


def bounds(body, outputs="float[9] y"):
    return saturation.bounds(ir.from_onnx_text(f"{HEADER} net (float[9] x) => ({outputs}) {{ {body} }}"))


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("a = Neg(x) y = Gelu(a)", {"a": (-4.5, math.inf)}),
        ("a = Neg(x) b = Sigmoid(a) c = Tanh(a) y = Add(b, c)", {"a": (-7.0, 7.0)}),
        ("a = Neg(x) b = Sigmoid(a) y = Mul(a, b)", {}),
        ("a = Neg(x) y = HardSigmoid(a)", {"a": (-3.0, 3.0)}),
        ("a = Neg(x) y = HardSigmoid<alpha = 0.1>(a)", {}),
    ],
)
def test_only_what_such_functions_alone_read(body, wanted):
    assert bounds(body) == wanted


def test_an_output_has_other_readers():
    assert bounds("a = Neg(x) y = Gelu(a)", "float[9] y, float[9] a") == {}


def test_values_beyond_are_counted_at_the_bound():
    values = np.linspace(-16, 24, 4001).astype(np.float32)
    given = histogram.of(values)
    found = saturation.within(given, (-4.5, math.inf))
    assert (found.low, found.high, found.size) == (-4.5, 24.0, given.size)
    assert found.counts[0] >= (values < -4.5).sum()
    low, high = ranges.best(found)
    assert low > -5
    assert high > 20


def test_what_lies_inside_is_left():
    given = histogram.of(np.linspace(-1, 1, 99).astype(np.float32))
    assert saturation.within(given, (-4.5, math.inf)) is given
    assert saturation.within(given, (2.0, 3.0)) is given
    assert saturation.within(histogram.EMPTY, (0.0, 1.0)) is histogram.EMPTY

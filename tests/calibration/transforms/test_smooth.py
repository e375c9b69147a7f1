"""Outlier channels move from activations to weights; the float function stays."""

import fake_quant
import numpy as np
import onnx_ir as ir
import pytest
from onnx_ir.passes import common

from portproof.calibration.place.marked import mark
from portproof.calibration.transforms import products
from portproof.calibration.transforms.smooth import (
    ALPHAS,
    SHARES,
    Rows,
    ScaleMigration,
    lowered,
    migration,
    product_error,
    row_error,
)

HEADER = '<ir_version: 10, opset_import: ["" : 21]>'
FREE = """
net (float[1,6,16] x) => (float[1,6,8] y)
{
  n = LayerNormalization(x, gamma, beta)
  [q] a = MatMul(n, w0)  [k] b = MatMul(n, w1)
  y = Add(a, b)
}
"""
RESIDUAL = """
net (float[1,6,16] x) => (float[1,6,16] y)
{ n = LayerNormalization(x, gamma, beta)  [ff] a = MatMul(n, w0)  y = Add(n, a) }
"""
GEMM = """
net (float[6,16] x) => (float[6,8] y)
{ s = Mul(x, gamma)  [fc] y = Gemm<transB = 1>(s, w0, b0) }
"""


def _context(text, **shapes):
    chance = np.random.default_rng(0)
    model = ir.from_onnx_text(HEADER + text)
    gamma = np.ones(16)
    gamma[[3, 11]] = 40, 25
    arrays = {"gamma": gamma, "beta": chance.normal(size=16) * 0.1, "b0": np.ones(16 if "ff" in text else 8)}
    arrays |= {name: chance.normal(size=shape) for name, shape in shapes.items()}
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    arrays |= {"flat": np.array([-1, 16]), "full": np.array([1, 6, 16])}
    for name, array in arrays.items():
        for value in {v for node in model.graph for v in node.inputs if v.name == name}:
            tensor = ir.tensor(array, name=name)
            value.const_value, value.shape, value.type = tensor, tensor.shape, ir.TensorType(tensor.dtype)
            model.graph.register_initializer(value)
    common.ShapeInferencePass()(model)
    shape = [int(size) for size in model.graph.inputs[0].shape]
    samples = [{"x": chance.normal(size=shape).astype(np.float32)} for _ in range(8)]
    return fake_quant.FakeQuant(model, samples)


RESHAPED = """
net (float[1,6,16] x) => (float[1,6,16] y)
{
  n = LayerNormalization(x, gamma, beta)
  rows = Reshape(n, flat)
  [ff] a = Gemm(rows, w0, b0)
  back = Reshape(a, full)
  y = Add(n, back)
}
"""


CASES = {
    "free": (FREE, {"w0": (16, 8), "w1": (16, 8)}),
    "residual": (RESIDUAL, {"w0": (16, 16)}),
    "gemm": (GEMM, {"w0": (8, 16)}),
    "reshaped": (RESHAPED, {"w0": (16, 16)}),
}


def _migrated(context, *names):
    copy = context.model.clone()
    step = ScaleMigration()
    step.apply(copy, names or step.groups(context.model), context)
    return fake_quant.FakeQuant(copy, context.samples)


@pytest.mark.parametrize("case", CASES)
def test_the_function_stays_and_rounding_hurts_less(case):
    text, shapes = CASES[case]
    context = _context(text, **shapes)
    after = _migrated(context)
    before = context.outputs(None)
    assert np.abs(after.outputs(None) - before).max() < 1e-5 * np.abs(before).max()
    names = [context.plan.layers[next(iter(context.plan.layers))].output]
    errors = [_error(each, names) for each in (context, after)]
    assert errors[1] < errors[0] / 2.2


def _error(context, names):
    pairs = zip(context.float_values(names), context.quantized_values(names, plain=True), strict=True)
    return sum(float(((one.values[names[0]] - other.values[names[0]]) ** 2).sum()) for one, other in pairs)


def test_a_normalisation_takes_the_factors_for_nothing():
    context = _context(*CASES["free"][:1], **CASES["free"][1])
    after = _migrated(context)
    assert [n.op_type for n in after.model.graph] == [n.op_type for n in context.model.graph]
    gamma = after.model.graph.initializers["gamma_migrated"].const_value.numpy()
    assert gamma.max() / gamma.min() < 20
    (group,) = products.find(context.model)
    assert group.weights().shape == (16, 16)


def test_a_residual_keeps_what_it_adds():
    context = _context(*CASES["residual"][:1], **CASES["residual"][1])
    after = _migrated(context)
    ops = [n.op_type for n in after.model.graph]
    assert ops == ["LayerNormalization", "LayerNormalization", "MatMul", "Add"]
    np.testing.assert_array_equal(after.arrays["gamma"], context.arrays["gamma"])
    assert after.model.graph[1].outputs[0].name == "n_migrated"
    assert [v.name for v in after.model.graph[3].inputs] == ["n", "a"]


def test_products_behind_a_reshape_are_of_the_value_in_front_of_it():
    context = _context(*CASES["reshaped"][:1], **CASES["reshaped"][1])
    (group,) = products.find(context.model)
    assert (group.name, group.is_free, [door.op_type for door in group.doors]) == ("n", False, ["Reshape"])
    after = _migrated(context)
    reshape = next(node for node in after.model.graph if node.outputs[0].name == "rows")
    assert reshape.inputs[0].name == "n_migrated"


BESIDE = RESHAPED.replace("back = ", "[few] z = Gemm(rows, w1)  [sum] r = Add(a, z)  back = ").replace(
    "(a, full)", "(r, full)"
)
ONLY = """
net (float[6,16] x) => (float[6,8] y)
{ s = Mul(x, gamma)  [few] y = MatMul(s, w0) }
"""


def _marked(context):
    mark(next(node for node in context.model.graph if node.name == "few"), "it is to stay float")
    return context


def test_a_product_that_stays_float_takes_factors_over_and_asks_for_none():
    context = _marked(_context(BESIDE, w0=(16, 16), w1=(16, 16)))
    (group,) = products.find(context.model)
    assert (group.name, len(group.products), group.weights().shape) == ("n", 2, (16, 16))
    before = context.outputs(None)
    after = _migrated(context)
    assert "n_migrated" in {value.name for node in after.model.graph for value in node.outputs}
    assert np.abs(after.outputs(None) - before).max() < 1e-5 * np.abs(before).max()
    assert products.find(_marked(_context(ONLY, w0=(16, 8))).model) == []


GELU = """
net (float[6,16] x) => (float[6,8] y)
{ [act] g = Gelu(x)  [fc] y = Gemm<transB = 1>(g, w0, b0) }
"""


def test_behind_a_function_a_mul_divides_the_channel_that_stands_out():
    context = _context(GELU, w0=(8, 16))
    for sample in context.samples:
        sample["x"][:, 5] = 60
    assert ScaleMigration().groups(context.model) == ("g",)
    before = context.outputs(None)
    after = _migrated(context)
    assert [node.op_type for node in after.model.graph] == ["Gelu", "Mul", "Gemm"]
    factors = next(v for name, v in after.model.graph.initializers.items() if name == "g_factors").const_value.numpy()
    assert factors[5] < 0.5 * np.median(factors)
    assert np.abs(after.outputs(None) - before).max() < 1e-5 * np.abs(before).max()


def test_behind_a_function_nothing_is_computed_for_little():
    context = _context(GELU, w0=(8, 16))
    assert [node.op_type for node in _migrated(context).model.graph] == ["Gelu", "Gemm"]


def test_a_share_brings_down_what_exceeds_it_alone():
    rows = _rows(60)
    factors = lowered(rows, 0.25)
    assert factors[4] == pytest.approx(4)
    assert (np.delete(factors, 4) == 1).all()


def test_a_range_that_is_drawn_in_may_be_the_better_one():
    some = np.random.default_rng(5).normal(size=(400, 16))
    some[7, 3] = 80  # a single value: to keep it costs all others their digits
    rows, weights = Rows(low=some.min(axis=0), high=some.max(axis=0), some=some), np.ones((16, 4))
    weights[3] = 1e-3
    whole = some.max() - some.min()
    worst = 16 * 4 * 400 * (whole / 255) ** 2 / 12
    assert product_error(rows, weights, np.ones(16)) < 0.7 * worst


def test_a_reshape_that_others_read_too_is_no_way():
    text = RESHAPED.replace("y = Add(n, back)", "other = Relu(rows) also = Reshape(other, full) y = Add(also, back)")
    assert ScaleMigration().groups(_context(text, w0=(16, 16)).model) == ()


def test_only_the_groups_asked_for():
    context = _context(*CASES["gemm"][:1], **CASES["gemm"][1])
    assert ScaleMigration().groups(context.model) == ("s",)
    after = _migrated(context, "nothing")
    np.testing.assert_array_equal(after.arrays["w0"], context.arrays["w0"])


def _rows(outlier):
    some = np.random.default_rng(0).normal(size=(200, 12))
    some[:, 4] *= outlier
    return Rows(low=some.min(axis=0), high=some.max(axis=0), some=some)


def test_a_second_normalisation_needs_outliers():
    weights = np.random.default_rng(1).normal(size=(12, 40))
    assert ScaleMigration().search(_rows(1), weights, worth=0.2) is None
    assert ScaleMigration().search(_rows(60), weights, worth=0.2) is not None


def test_the_search_takes_the_best_alpha():
    rows, weights = _rows(60), np.random.default_rng(1).normal(size=(12, 5))
    found = ScaleMigration().search(rows, weights)
    tried = [migration(rows, weights, alpha) for alpha in ALPHAS] + [lowered(rows, share) for share in SHARES]
    errors = [product_error(rows, weights, factors) for factors in tried]
    assert product_error(rows, weights, found.factors) == min(errors) < product_error(rows, weights, np.ones(12)) / 4
    assert (ALPHAS[0], ALPHAS[-1], len(ALPHAS)) == (0.5, 0.95, 10)


def test_channels_that_say_nothing_keep_their_factor():
    rows, weights = _rows(60), np.random.default_rng(1).normal(size=(12, 5))
    rows.low[2] = rows.high[2] = 0
    weights[7] = 0
    factors = migration(rows, weights, 0.5)
    assert factors[2] == factors[7] == 1
    assert np.prod(factors) == pytest.approx(1)
    assert factors.argmax() == 4


@pytest.mark.parametrize(
    "text",
    [
        "net (float[6,16] x) => (float[6,16] y) { n = Mul(x, gamma) [a] h = MatMul(n, w0) [b] y = MatMul(h, w0) }",
        "net (float[6,16] x) => (float[6,16] y) { n = Relu(x) [a] y = MatMul(n, w0) }",
        "net (float[6,16] x) => (float[6,16] y) { n = Mul(x, x) [a] y = MatMul(n, w0) }",
        "net (float[6,16] x) => (float[16,16] y) { n = Mul(x, gamma) [a] y = Gemm<transA = 1>(n, w0) }",
        "net (float[16,16] x) => (float[16,16] y){ n = LayerNormalization<axis = 0>(x, w1, w2) [a] y = MatMul(n, w0) }",
    ],
)
def test_what_cannot_take_factors_is_left(text):
    shape = (6, 16) if "transA" in text else (16, 16)
    assert ScaleMigration().groups(_context(text, w0=shape, w1=(16, 16), w2=(16, 16)).model) == ()


def test_a_row_with_a_scale_of_its_own_spares_the_others():
    chance = np.random.default_rng(3)
    some = chance.normal(size=(64, 16))
    some[0] *= 100  # one row sets the only scale of all, and only its own where each has one
    rows = Rows(low=some.min(axis=0), high=some.max(axis=0), some=some)
    weights, ones = chance.normal(size=(16, 8)), np.ones(16)
    assert row_error(rows, weights, ones) < 0.2 * product_error(rows, weights, ones)
    found = ScaleMigration(by_row=True).search(rows, weights)
    assert found is None or row_error(rows, weights, found.factors) < row_error(rows, weights, ones)

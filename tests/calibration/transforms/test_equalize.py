"""Channels scaled up before and down behind: the float function stays, rounded values come nearer."""

import fake_quant
import numpy as np
import onnx_ir as ir
import pytest
from onnx_ir.passes import common

from portproof.calibration.transforms import channels
from portproof.calibration.transforms.equalize import CrossLayerEqualisation, channel_peaks

HEADER = '<ir_version: 10, opset_import: ["" : 21]>'
CHAIN = """
net (float[1,3,8,8] x) => (float[1,5] y)
{
  a = Conv<pads = [1,1,1,1]>(x, w0, b0)  a1 = Relu(a)
  b = Conv<group = 6, pads = [1,1,1,1]>(a1, w1, b1)  b1_ = Relu(b)
  c = Conv(b1_, w2, b2)  d = MaxPool<kernel_shape = [2,2]>(b1_)
  c1 = AveragePool<kernel_shape = [2,2]>(c)
  e = Conv(d, w3, b3)  s = Add(c1, e)
  p = GlobalAveragePool(s)  f = Flatten(p)
  y = Gemm<transB = 1>(f, w4, b4)
}
"""
CHAIN_SHAPES = {"w0": (6, 3, 3, 3), "w1": (6, 1, 3, 3), "w2": (4, 6, 1, 1), "w3": (4, 6, 1, 1), "w4": (5, 4)}
CLIPPED = """
net (float[1,3,8,8] x) => (float[1,4,8,8] y)
<float low = {0}, float high = {6}>
{ a = Conv(x, w0, b0)  a1 = Clip(a, low, high)  y = Conv(a1, w1, b1) }
"""
TRANSPOSED = """
net (float[1,4,5,5] x) => (float[1,4,9,9] y)
{ a = Conv<group = 2>(x, w0, b0)  a1 = LeakyRelu(a)  b = ConvTranspose<group = 2, strides = [2,2]>(a1, w1, b1)
  b1_ = Relu(b)  y = ConvTranspose<group = 2>(b1_, w2, b2) }
"""
TRANSPOSED_SHAPES = {"w0": (6, 2, 1, 1), "w1": (6, 4, 1, 1), "w2": (8, 2, 1, 1)}


def _model(text, shapes, uneven=True):
    chance = np.random.default_rng(0)
    model = ir.from_onnx_text(HEADER + text)
    for name, shape in shapes.items():
        size = shape[0] if name != "w1" or "Transpose" not in text else shape[1] * 2
        size = shape[1] * 2 if name == "w2" and "Transpose" in text else size
        scale = np.exp(chance.normal(size=(shape[0],) + (1,) * (len(shape) - 1)) * 1.5 * uneven)
        weight = chance.normal(size=shape) * scale / np.sqrt(np.prod(shape[1:]))
        for key, array in ((name, weight), (name.replace("w", "b"), chance.normal(size=size) * 0.1)):
            tensor = ir.tensor(array.astype(np.float32), name=key)
            for value in {v for node in model.graph for v in node.inputs if v.name == key}:
                value.const_value, value.shape, value.type = tensor, tensor.shape, ir.TensorType(tensor.dtype)
                model.graph.register_initializer(value)
    common.ShapeInferencePass()(model)
    return model


def _context(model, count=6):
    chance = np.random.default_rng(1)
    shape = [int(size) for size in model.graph.inputs[0].shape]
    return fake_quant.FakeQuant(model, [{"x": chance.normal(size=shape).astype(np.float32)} for _ in range(count)])


def _equalised(context, *names, **settings):
    copy = context.model.clone()
    step = CrossLayerEqualisation(**settings)
    step.apply(copy, names or step.groups(context.model), context)
    return copy, fake_quant.FakeQuant(copy, context.samples)


@pytest.fixture(scope="module")
def chain():
    return _context(_model(CHAIN, CHAIN_SHAPES))


def test_groups_of_values_that_share_their_factors(chain):
    found = channels.find(chain.model)
    assert [[v.name for v in group.values] for group in found] == [
        ["a", "a1"],
        ["b", "b1_", "d"],
        ["c", "c1", "s", "e", "p", "f"],
    ]
    assert [len(group.producers) for group in found] == [1, 1, 2]
    assert [len(group.consumers) for group in found] == [1, 2, 1]
    assert [group.is_depthwise for group in found] == [True, False, False]
    assert found[0].stored == ["a1"]
    assert CrossLayerEqualisation().groups(chain.model) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "shapes"), [(CHAIN, CHAIN_SHAPES), (TRANSPOSED, TRANSPOSED_SHAPES)], ids=["chain", "transposed"]
)
def test_the_float_function_stays(text, shapes):
    context = _context(_model(text, shapes))
    copy, equal = _equalised(context)
    before, after = context.outputs(None), equal.outputs(None)
    assert np.abs(after - before).max() < 1e-5 * np.abs(before).max()
    moved = [
        name
        for name, value in copy.graph.initializers.items()
        if not np.array_equal(value.const_value.numpy(), context.arrays[name])
    ]
    assert len(moved) > len(shapes), "weights and biases changed"
    assert list(copy.graph.initializers) == list(context.model.graph.initializers)


def test_rounded_values_come_nearer(chain):
    _, equal = _equalised(chain, dense=1.0, depthwise=1.0)
    groups = channels.find(chain.model)
    spread = [np.ptp(np.log(p["a1"])) for p in (channel_peaks(groups, c)[0] for c in (chain, equal))]
    assert spread[1] < 0.01 * spread[0], "all channels have one range"
    assert equal.sqnr_db(equal.plan) > chain.sqnr_db(chain.plan) + 1


def test_only_what_is_asked_for_changes(chain):
    copy, _ = _equalised(chain, "b")
    changed = {
        n for n, v in copy.graph.initializers.items() if not np.array_equal(v.const_value.numpy(), chain.arrays[n])
    }
    assert changed == {"w1", "b1", "w2", "w3"}


def test_factors_are_limited(chain):
    copy, _ = _equalised(chain, "a", largest=2.0, depthwise=1.0)
    ratio = copy.graph.initializers["b0"].const_value.numpy() / chain.arrays["b0"]
    assert ratio.min() == pytest.approx(1, rel=1e-5)
    assert ratio.max() == pytest.approx(2, rel=1e-5)


def test_no_value_observed_meets_a_clip_that_it_did_not_meet_before():
    context = _context(_model(CLIPPED, {"w0": (6, 3, 1, 1), "w1": (4, 6, 1, 1)}))
    before = channel_peaks(channels.find(context.model), context)[0]["a1"]
    assert before.max() == 6, "one channel is clipped"
    _, equal = _equalised(context, dense=1.0)
    after = channel_peaks(channels.find(equal.model), equal)[0]["a1"]
    assert (after[before < 3.9] > before[before < 3.9]).all()
    assert after[before < 3.9].max() <= 4 + 1e-5
    np.testing.assert_allclose(after[before >= 4], before[before >= 4])
    np.testing.assert_allclose(equal.outputs(None), context.outputs(None), atol=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "net (float[1,3,8,8] x) => (float[1,4,8,8] y) { a = Conv(x, w0, b0) s = Sigmoid(a) y = Conv(s, w1, b1) }",
        "net (float[1,3,8,8] x) => (float[1,6,8,8] a, float[1,4,8,8] y) { a = Conv(x, w0, b0) y = Conv(a, w1, b1) }",
        "net (float[1,3,8,8] x) => (float[1,4,8,8] y) { a = Conv(x, w0, b0) h = HardSwish(a) z = Add(a, h)"
        " y = Conv(z, w1, b1) }",
        "net (float[1,3,8,8] x) => (float[1,4,8,8] y) <float one = {1}> { a = Conv(x, w0, b0) z = Add(a, one)"
        " y = Conv(z, w1, b1) }",
        "net (float[1,3,8,8] x) => (float[1,4,8,8] y) <float low = {-1}> { a = Conv(x, w0, b0) z = Clip(a, low)"
        " y = Conv(z, w1, b1) }",
        "net (float[1,3,8,8] x) => (float[1,4,8,8] y) { a = Conv(x, w0, b0) z = Transpose<perm = [0,1,3,2]>(a)"
        " y = Conv(z, w1, b1) }",
    ],
)
def test_what_minds_factors_is_left_alone(text):
    model = _model(text, {"w0": (6, 3, 1, 1), "w1": (4, 6, 1, 1)})
    assert CrossLayerEqualisation().groups(model) == ()


def test_weights_that_another_layer_reads_are_left_alone():
    text = """net (float[1,4,8,8] x) => (float[1,4,8,8] y)
    { a = Conv(x, w0, b0) r = Relu(a) y = Conv(r, w0, b1) }"""
    assert CrossLayerEqualisation().groups(_model(text, {"w0": (4, 4, 1, 1), "w1": (4, 4, 1, 1)})) == ()


def test_a_mean_over_channels_is_no_mean_over_places():
    text = """net (float[1,3,6,6] x) => (float[1,5] y) <int64[2] axes = {1, 2}>
    { a = Conv(x, w0, b0) m = ReduceMean<keepdims = 0>(a, axes) y = Gemm<transB = 1>(m, w1, b1) }"""
    assert CrossLayerEqualisation().groups(_model(text, {"w0": (6, 3, 1, 1), "w1": (5, 6)})) == ()
    assert CrossLayerEqualisation().groups(
        _model(text.replace("{1, 2}", "{2, -1}"), {"w0": (6, 3, 1, 1), "w1": (5, 6)})
    )

import numpy as np
import onnx_ir as ir
import pytest
from onnxruntime import InferenceSession

from portproof.calibration.transforms.masks import ClampMasks

HEADER = '<ir_version: 10, opset_import: ["" : 21]>'
ADDED = """
net (float[1,4,4] scores, float[1,1,4] mask) => (float[1,4,4] y)
<float one = {1}, float low = {-1e9}>
{ left = Sub(one, mask)  m = Mul(left, low)  s = Add(scores, m)  y = Softmax(s) }
"""
CHOSEN = """
net (float[1,4,4] scores, bool[1,1,4] mask) => (float[1,4,4] y)
<float low = {-3.4028235e38}>
{ s = Where(mask, scores, low)  y = Softmax<axis = -1>(s) }
"""


def _applied(text, dtype=np.float32):
    model = ir.from_onnx_text(HEADER + text)
    step = ClampMasks()
    groups = step.groups(model)
    copy = model.clone()
    step.apply(copy, groups, None)
    return model, copy, groups


def _run(model, **feeds):
    return InferenceSession(ir.to_proto(model).SerializeToString()).run(None, feeds)[0]


@pytest.mark.parametrize(("text", "kind"), [(ADDED, np.float32), (CHOSEN, bool)])
def test_the_softmax_is_the_same(text, kind):
    before, after, groups = _applied(text)
    assert groups == ("low",)
    assert after.graph.initializers["low"].const_value.numpy() == -100
    assert before.graph.initializers["low"].const_value.numpy() < -1e8, "the copy alone"
    scores = (np.random.default_rng(0).normal(size=(1, 4, 4)) * 5).astype(np.float32)
    feeds = {"scores": scores, "mask": np.array([[[1, 0, 1, 0]]], kind)}
    np.testing.assert_allclose(_run(after, **feeds), _run(before, **feeds), atol=1e-7)


def test_infinity_in_a_causal_mask_of_constants():
    text = """net (float[1,3,3] scores) => (float[1,3,3] y)
    <float[3,3] causal = {0, -inf, -inf, 0, 0, -inf, 0, 0, 0}> { s = Add(scores, causal) y = Softmax(s) }"""
    model = ir.from_onnx_text(HEADER + text.replace("-inf", "-7e30"))
    causal = np.where(np.tri(3) > 0, np.float32(0), np.float32(-np.inf))
    model.graph.initializers["causal"].const_value = ir.tensor(causal, name="causal")
    ClampMasks().apply(model, ("causal",), None)
    found = model.graph.initializers["causal"].const_value.numpy()
    np.testing.assert_array_equal(found, np.where(np.tri(3) > 0, 0, -100))
    assert found.dtype == np.float32


def test_only_what_is_asked_for():
    model = ir.from_onnx_text(HEADER + ADDED)
    ClampMasks().apply(model, (), None)
    assert model.graph.initializers["low"].const_value.numpy() == np.float32(-1e9)


@pytest.mark.parametrize(
    "text",
    [
        "net (float[4] x) => (float[4] y) <float low = {-1e9}> { y = Add(x, low) }",
        "net (float[4] x) => (float[4] y, float[4] s) <float low = {-1e9}> { s = Add(x, low) y = Softmax(s) }",
        "net (float[4] x) => (float[4] y) <float low = {-1e9}> { s = Add(x, low) r = Relu(s) y = Softmax(r) }",
        "net (float[4] x) => (float[4] y) <float low = {-50}> { s = Add(x, low) y = Softmax(s) }",
        "net (int64[4] x) => (int64[4] y) <int64 low = {-1000000}> { y = Add(x, low) }",
    ],
)
def test_what_is_no_mask_stays(text):
    assert ClampMasks().groups(ir.from_onnx_text(HEADER + text)) == ()

"""Where a QDQ model is cut, and that its parts compute what they did."""

import numpy as np
import onnx_ir as ir

from portproof.calibration import run
from portproof.exporter.agreement.cut import cut

TEXT = """
<ir_version: 10, opset_import: ["" : 21]>
net (float[1,4] x) => (float[1,4] y, float[1,4] z)
<float s = {0.05}, int8 p = {3}, float t = {0.1}, float u = {0.02}, float two = {2}>
{
  xq = QuantizeLinear(x, s, p)
  xd = DequantizeLinear(xq, s, p)
  a = Mul(xd, two)
  aq = QuantizeLinear(a, t, p)
  ad = DequantizeLinear(aq, t, p)
  b = Add(ad, xd)
  bq = QuantizeLinear(b, t, p)
  y = DequantizeLinear(bq, t, p)
  c = Relu(ad)
  z = Mul(c, u)
}
"""
X = np.asarray([[-1.0, -0.2, 0.3, 2.0]], np.float32)


def test_pairs_become_outputs_and_their_readers_read_inputs() -> None:
    model = ir.from_onnx_text(TEXT)
    before = run.to_bytes(model)
    found = cut(model)
    assert run.to_bytes(model) == before
    assert found.given == {"a_given": "ad"}, "nothing reads y"
    assert {name: round(scale, 6) for name, scale in found.scales.items()} == {"ad": 0.1, "y": 0.1}
    assert [value.name for value in found.model.graph.inputs] == ["x", "a_given"]
    assert [value.name for value in found.model.graph.outputs] == ["y", "z", "ad"]


def test_layers_read_what_they_are_given() -> None:
    model = ir.from_onnx_text(TEXT)
    found = cut(model)
    names = ["ad", "y", "z"]
    whole = run.values(run.session(run.to_bytes(model, names)), names, {"x": X})
    given = {value.name or "": whole["ad"] for value in found.model.graph.inputs if value.name != "x"} | {"x": X}
    apart = run.session(run.to_bytes(found.model))
    for name, array in run.values(apart, names, given).items():
        assert np.array_equal(array, whole[name]), name
    given["a_given"] = np.zeros_like(X)
    got = run.values(apart, names, given)
    assert np.array_equal(got["ad"], whole["ad"]), "it does not read what it makes"
    assert not got["z"].any()
    assert not np.array_equal(got["y"], whole["y"])


def test_a_model_without_pairs_is_not_cut() -> None:
    text = '<ir_version: 10, opset_import: ["" : 21]> g (float[2] x) => (float[2] y) { y = Relu(x) }'
    found = cut(ir.from_onnx_text(text))
    assert (found.given, found.scales) == ({}, {})

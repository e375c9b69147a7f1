"""A product and a sum that coremltools writes as a batch_norm compute what they did."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, run
from tests.exporter.tflite.harness import model_of

X = np.random.default_rng(0).random((2, 3, 4, 5)).astype(np.float32) + 1
SCALE = np.array([300, -200, 100], np.float32).reshape(1, 3, 1, 1)
BEHIND = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2,3,4,5] x) => (float[2,3,4,5] y) {
  r = Relu(x)
  m = Mul(r, scale)
  y = Add(m, scale)
}
"""
FOLDED = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2,3,4,5] x) => (float[2,3,4,5] y) {
  c = Conv(x, w)
  r = Relu(c)
  m = Mul(r, scale)
  s = Add(m, scale)
  d = Conv(s, w)
  n = Mul(d, scale)
  y = Add(n, scale)
}
"""
W = np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)


@pytest.mark.parametrize("target", ["iOS15", "iOS18"])
def test_behind_an_activation(target: str) -> None:
    model = model_of(BEHIND, scale=SCALE)
    _, written = run(model, {"x": X}, target=target)
    assert written.op_counts["batch_norm"] == 1
    check(model, {"x": X}, target=target, rtol=5e-7, atol=0)


def test_folded_into_convolutions() -> None:
    check(model_of(FOLDED, scale=SCALE, w=W), {"x": X}, rtol=1e-6, atol=1e-3, float16=False)

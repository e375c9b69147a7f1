"""Reshapes around a Gemm."""

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.tflite.harness import model_of

from portproof.exporter.coreml.passes.unflatten_gemm import UnflattenGemm

TEXT = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[%s] x) => (float[%s] y) {
  f = Reshape(x, flat)
  g = Gemm<%s>(f, w, c)
  y = Reshape(g, back)
}
"""
X = np.linspace(-1, 1, 80, dtype=np.float32)
W = np.linspace(-2, 2, 32, dtype=np.float32).reshape(8, 4)


def net(shape: list[int], out: list[int], attributes: str = "transA = 0", w: np.ndarray = W) -> ir.Model:
    sizes = (",".join(map(str, each)) for each in (shape, out))
    back = np.array(out, np.int64)
    c = np.arange(w.shape[0 if "transB = 1" in attributes else 1], dtype=np.float32)
    return model_of(TEXT % (*sizes, attributes), flat=np.array([10, 8]), w=w, c=c, back=back)


@pytest.mark.parametrize(
    ("attributes", "w"), [("transB = 0", W), ("transB = 1", W.T.copy()), ("transB = 1", np.eye(8, dtype=np.float32))]
)
def test_they_go(attributes: str, w: np.ndarray) -> None:
    width = w.shape[0] if attributes == "transB = 1" else w.shape[1]
    model = net([2, 5, 8], [2, 5, width], attributes, w)
    check(model, {"x": X.reshape(2, 5, 8)}, expect=["linear"])


def test_a_reshape_to_other_rows_stays() -> None:
    model = net([2, 5, 8], [5, 2, 4])
    check(model, {"x": X.reshape(2, 5, 8)}, expect=["linear", "reshape", "reshape"])


def test_rows_of_another_width_stay() -> None:
    model = net([2, 5, 4, 2], [2, 5, 4, 1])
    assert not UnflattenGemm()(model).modified
    check(model, {"x": X.reshape(2, 5, 4, 2)})


def test_a_scaled_product_stays() -> None:
    model = net([2, 5, 8], [2, 5, 4], "alpha = 2.0")
    assert not UnflattenGemm()(model).modified
    check(model, {"x": X.reshape(2, 5, 8)})


def test_twice_is_once() -> None:
    model = net([2, 5, 8], [2, 5, 4])
    assert UnflattenGemm()(model).modified
    assert not UnflattenGemm()(model).modified

import numpy as np
import onnx_ir as ir
from tests.exporter.tflite.harness import model_of, onnx_outputs

from portproof.exporter.tflite.sharing import FEWEST_BYTES, SharedWeights

TEXT = """
<ir_version: 10, opset_import: ["" : 23]>
g (float[2,64] x) => (float[2,32] y) { p = MatMul(x, b) y = Add(p, c) }
"""
B = np.arange(64 * 32, dtype=np.float32).reshape(64, 32) / 1000
C = np.ones(32, np.float32)


def data_of(model: ir.Model, name: str) -> int:
    value = model.graph.initializers[name].const_value
    assert value is not None
    return value.numpy().ctypes.data


def test_equal_weights_become_one_array() -> None:
    shared = SharedWeights()
    left, right = model_of(TEXT, b=B, c=C), model_of(TEXT, b=B.copy(), c=C)
    x = np.ones((2, 64), np.float32)
    before = onnx_outputs(right, {"x": x})
    assert B.nbytes >= FEWEST_BYTES
    assert shared.share(left) == 0
    assert shared.share(right) == B.nbytes
    assert data_of(left, "b") == data_of(right, "b")
    assert not isinstance(right.graph.initializers["c"].const_value, ir.Tensor)  # too small to matter
    np.testing.assert_array_equal(onnx_outputs(right, {"x": x})["y"], before["y"])
    assert shared.share(right) == 0  # idempotent


def test_equal_bytes_of_another_shape_or_type_stay() -> None:
    shared = SharedWeights()
    shared.share(model_of(TEXT, b=B, c=C))
    text = TEXT.replace("float[2,64] x", "float[2,32] x").replace("float[2,32] y", "float[2,64] y")
    other = model_of(text, b=B.reshape(32, 64), c=np.ones(64, np.float32))
    assert shared.share(other) == 0

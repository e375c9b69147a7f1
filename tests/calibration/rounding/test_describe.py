import numpy as np
import pytest
from onnx import helper
from onnxruntime import InferenceSession

from portproof.calibration.plan import Layer
from portproof.calibration.rounding.describe import describe


def _layer(op_type, **attributes):
    return Layer(name="n", op_type=op_type, input="x", output="y", result="y", weight="w", attributes=attributes)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"pads": [1, 0, 2, 1], "strides": [2, 1]},
        {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        {"auto_pad": b"SAME_LOWER", "strides": [2, 3], "dilations": [1, 1]},
        {"auto_pad": "VALID", "dilations": [2, 1]},
        {"group": 2},
    ],
)
def test_convolutions_as_onnx_runtime_computes_them(attributes):
    chance = np.random.default_rng(0)
    group = attributes.get("group", 1)
    x = chance.normal(size=(1, 4, 8, 7)).astype(np.float32)
    w = chance.normal(size=(2 * group, 4 // group, 3, 2)).astype(np.float32)
    node = helper.make_node("Conv", ["x", "w"], ["y"], **attributes)
    values = [helper.make_tensor_value_info(n, 1, s) for n, s in (("x", x.shape), ("w", w.shape), ("y", None))]
    graph = helper.make_graph([node], "g", values[:2], values[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (y,) = InferenceSession(model.SerializeToString()).run(None, {"x": x, "w": w})
    matrix = describe(_layer("Conv", **attributes), w.shape)
    rows = matrix.rows(x, 10**6, 0.0)
    products = np.einsum("ngk,gok->ngo", rows, matrix.columns(w)).reshape(len(rows), -1)
    np.testing.assert_allclose(products, np.moveaxis(y, 1, -1).reshape(-1, y.shape[1]), atol=1e-4)


def test_products():
    assert describe(_layer("Gemm", transA=1, transB=1), (3, 5)).transposed
    assert describe(_layer("Gemm", transA=1), (3, 5)).input_transposed
    assert describe(_layer("MatMul"), (3, 5)).channel_axis == 1


@pytest.mark.parametrize(
    ("op_type", "shape", "attributes"),
    [
        ("MatMul", (2, 3, 5), {}),
        ("Einsum", (3, 5), {}),
        ("ConvTranspose", (3, 5, 2, 2), {"output_shape": [9, 9]}),
        ("ConvTranspose", (3, 5, 2, 2), {"auto_pad": "SAME_UPPER"}),
    ],
)
def test_what_has_no_matrix_form(op_type, shape, attributes):
    assert describe(_layer(op_type, **attributes), shape) is None

"""A normalisation's bias goes to the products behind it; the function stays, and channels lie around zero."""

import numpy as np
import onnx_ir as ir
import pytest
from onnx_ir.passes import common

from portproof.calibration import run
from portproof.calibration.transforms import products

HEADER = '<ir_version: 10, opset_import: ["" : 21]>'
CASES = {
    "gemm": "{ n = LayerNormalization(x, g, b) y = Gemm(n, w, c) }",
    "gemm without a bias": "{ n = LayerNormalization(x, g, b) y = Gemm(n, w) }",
    "gemm with a factor": "{ n = LayerNormalization(x, g, b) y = Gemm<beta = 0.5>(n, w, c) }",
    "turned": "{ n = LayerNormalization(x, g, b) y = Gemm<transB = 1>(n, w, c) }",
    "product and sum": "{ n = LayerNormalization(x, g, b) p = MatMul(n, w) y = Add(c, p) }",
    "two products, one bias": """{ n = LayerNormalization(x, g, b) p = MatMul(n, w) s = Add(p, c)
      q = MatMul(n, v) t = Add(q, c) y = Mul(s, t) }""",
    "a residual": "{ n = LayerNormalization(x, g, b) p = MatMul(n, w) s = Add(p, c) y = Sub(s, n) }",
}
NOT = {
    "no bias behind the product": "{ n = LayerNormalization(x, g, b) y = MatMul(n, w) }",
    "a normalisation without one": "{ n = LayerNormalization(x, g) p = MatMul(n, w) y = Add(p, c) }",
    "a product read twice": "{ n = LayerNormalization(x, g, b) p = MatMul(n, w) s = Add(p, c) y = Mul(p, s) }",
    "a bias for each row": "{ n = LayerNormalization(x, g, b) p = MatMul(n, w) y = Add(p, r) }",
    "a scaled product": "{ n = LayerNormalization(x, g, b) y = Gemm<alpha = 2.0>(n, w, c) }",
    "only factors": "{ n = Mul(x, g) p = MatMul(n, w) y = Add(p, c) }",
}


def net(body: str) -> ir.Model:
    chance = np.random.default_rng(0)
    model = ir.from_onnx_text(f"{HEADER}\nnet (float[6,8] x) => (float[6,8] y) {body}")
    arrays = {"g": np.exp(chance.normal(size=8)), "b": 5 + chance.normal(size=8), "c": chance.normal(size=8)}
    arrays |= {"w": chance.normal(size=(8, 8)), "v": chance.normal(size=(8, 8)), "r": chance.normal(size=(6, 8))}
    for name, array in arrays.items():
        for value in {each for node in model.graph for each in node.inputs if each is not None and each.name == name}:
            value.const_value = ir.tensor(array.astype(np.float32), name=name)
            value.shape, value.type = value.const_value.shape, ir.TensorType(ir.DataType.FLOAT)  # type: ignore[assignment]
            model.graph.register_initializer(value)
    common.ShapeInferencePass()(model)
    return model


X = {"x": np.random.default_rng(1).normal(size=(6, 8)).astype(np.float32)}


def value(model: ir.Model, name: str) -> np.ndarray:
    return run.values(run.session(run.to_bytes(model, [name])), [name], X)[name]


@pytest.mark.parametrize("case", CASES)
def test_the_function_stays_and_the_mean_goes(case: str) -> None:
    model = net(CASES[case])
    (group,) = products.find(model)
    before, read = value(model, "y"), value(model, "n")
    assert group.takes_shift
    products.divide(model, group, np.full(8, 2.0), read.mean(axis=0))
    assert np.allclose(value(model, "y"), before, rtol=1e-4, atol=1e-4)
    name = group.products[0].inputs[0].name
    assert np.allclose(value(model, name), (read - read.mean(axis=0)) / 2, atol=1e-5)


@pytest.mark.parametrize("case", NOT)
def test_what_has_no_place_for_it(case: str) -> None:
    assert not any(group.takes_shift for group in products.find(net(NOT[case])))

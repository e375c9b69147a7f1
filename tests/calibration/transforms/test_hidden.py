"""Some hidden channels are computed beside the others; the function stays."""

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_ir.passes import common
from onnxruntime import InferenceSession

from portproof.calibration.place.marked import marked
from portproof.calibration.transforms import hidden

HEADER = '<ir_version: 10, opset_import: ["" : 20]>'
# w1 and v make 24 hidden channels of 8, w2 contracts them to 8.
CASES = {
    "gemm": "{ h = Gemm(x, w1, b1) g = Gelu(h) o = Gemm(g, w2, b2) y = Identity(o) }",
    "turned": "{ h = Gemm<transB = 1>(x, t1, b1) g = Relu(h) o = Gemm<transB = 1>(g, t2) y = Identity(o) }",
    "matmul": "{ m = MatMul(x, w1) h = Add(b1, m) g = Gelu(h) n = MatMul(g, w2) o = Add(n, b2) y = Identity(o) }",
    "no bias": "{ h = MatMul(x, w1) g = Tanh(h) o = MatMul(g, w2) y = Identity(o) }",
    "not zero at zero": "{ h = Gemm(x, w1, b1) g = Softplus(h) o = Gemm(g, w2, b2) y = Identity(o) }",
    "swish spelt out": "{ h = Gemm(x, w1, b1) s = Sigmoid(h) g = Mul(s, h) o = Gemm(g, w2, b2) y = Identity(o) }",
    "with numbers": "{ h = Gemm(x, w1, b1) c = Clip(h, low, high) g = Mul(c, high) o = Gemm(g, w2, b2) y = Abs(o) }",
    "gate": "{ h = Gemm(x, w1, b1) s = Sigmoid(h) u = MatMul(x, v) g = Mul(s, u) o = Gemm(g, w2, b2) y = Identity(o) }",
    "nothing between": "{ h = Gemm(x, w1, b1) o = Gemm(h, w2, b2) y = Identity(o) }",
    "read elsewhere": "{ h = Gemm(x, w1, b1) g = Gelu(h) o = Gemm(g, w2, b2) e = ReduceMean(g) y = Add(o, e) }",
    "an output": "{ h = Gemm(x, w1, b1) g = Gelu(h) y = Gemm(g, w2, b2) }",
    "a row between": "{ h = Gemm(x, w1, b1) s = Mul(h, b1) g = Gelu(s) o = Gemm(g, w2, b2) y = Identity(o) }",
    "mixed channels": "{ h = Gemm(x, w1, b1) g = Softmax(h) o = Gemm(g, w2, b2) y = Identity(o) }",
    "scaled": "{ h = Gemm<alpha = 0.5>(x, w1, b1) g = Gelu(h) o = Gemm(g, w2, b2) y = Identity(o) }",
    "shared weights": "{ h = Gemm(x, w1, b1) g = Gelu(h) o = Gemm(g, w2, b2) e = ReduceMean(w2) y = Add(o, e) }",
}
CASES["chain"] = (
    "{ h = Gemm(x, w1, b1) g = Gelu(h) o = Gemm(g, w2, b2) r = Gelu(o) p = MatMul(r, v) y = MatMul(p, w3) }"
)
SPLIT = ("gemm", "turned", "matmul", "no bias", "not zero at zero", "swish spelt out", "with numbers", "gate")


def network(case: str, *, seed: int = 0) -> ir.Model:
    chance = np.random.default_rng(seed)
    arrays = {
        "w1": (8, 24),
        "t1": (24, 8),
        "v": (8, 24),
        "w2": (24, 8),
        "t2": (8, 24),
        "b1": (24,),
        "b2": (8,),
        "w3": (24, 8),
    }
    constants = {name: chance.normal(size=shape) for name, shape in arrays.items()}
    constants |= {"low": np.float64(-0.5), "high": np.float64(2.0)}
    model = ir.from_onnx_text(f"{HEADER}\nnet (float[5,8] x) => (float[5,8] y)\n{CASES[case]}")
    for name, array in constants.items():
        for value in {v for node in model.graph for v in node.inputs if v is not None and v.name == name}:
            tensor = ir.tensor(array.astype(np.float32), name=name)
            value.const_value, value.shape, value.type = tensor, tensor.shape, ir.TensorType(tensor.dtype)
            model.graph.register_initializer(value)
    common.NameFixPass()(model)
    common.ShapeInferencePass()(model)
    return model


def outputs(model: ir.Model) -> np.ndarray:  # type: ignore[type-arg]
    session = InferenceSession(ir.to_proto(model).SerializeToString())
    x = np.random.default_rng(9).normal(size=(5, 8)).astype(np.float32)
    return np.asarray(session.run(None, {"x": x})[0])


@pytest.mark.parametrize("case", SPLIT)
@settings(max_examples=5, deadline=None)
@given(channels=st.sets(st.integers(0, 23), min_size=1, max_size=4))
def test_the_function_stays(case: str, channels: set[int]) -> None:
    model = network(case)
    before = outputs(model)
    (found,) = hidden.find(model)
    hidden.split(model, found, channels)
    after = outputs(model)
    assert np.abs(after - before).max() < 1e-5 * np.abs(before).max()


@pytest.mark.parametrize("case", sorted(set(CASES) - set(SPLIT) - {"chain"}))
def test_what_could_not_be_split_is_left_alone(case: str) -> None:
    assert hidden.find(network(case)) == []


def test_of_a_chain_no_product_is_split_twice() -> None:
    model = network("chain")
    before = outputs(model)
    assert [each.name for each in hidden.find(model)] == ["g"]
    hidden.split(model, hidden.find(model)[0], {2, 5})
    assert [each.name for each in hidden.find(model)] == ["g"]  # nor are the products that were added
    assert np.abs(outputs(model) - before).max() < 1e-5 * np.abs(before).max()


def test_channels_go_from_the_products_that_had_them() -> None:
    model = network("matmul")
    (found,) = hidden.find(model)
    w2 = found.reader.weights()
    hidden.split(model, found, {3, 20})
    assert np.flatnonzero(~found.makers[0].weights().any(axis=0)).tolist() == [3, 20]
    assert np.flatnonzero(~found.reader.weights().any(axis=1)).tolist() == [3, 20]
    bias = found.makers[0].bias()
    assert bias is not None
    assert np.flatnonzero(bias == 0).tolist() == [3, 20]
    held = [value.const_value.numpy() for value in model.graph.initializers.values()]
    assert any(array.shape == (2, 8) and np.allclose(array, w2[[3, 20]]) for array in held)


def test_what_is_added_is_marked_to_stay_float_and_knows_where_it_is_from() -> None:
    model = network("gemm")
    for node in model.graph:
        node.metadata_props["portproof.where"] = f"net.py:{node.op_type}"
    before = {node.name for node in model.graph}
    hidden.split(model, hidden.find(model)[0], {1})
    added = [node for node in model.graph if node.name not in before]
    assert [node.op_type for node in added] == ["MatMul", "Add", "Gelu", "MatMul", "Add"]
    assert set(marked(model)) == {node.name for node in added}
    assert all(node.metadata_props["portproof.where"].startswith("net.py:") for node in added)
    assert hidden.find(network("gate"))[0].makers[1].bias() is None

"""Layers on more than two axes: what onnxsim spreads over reshapes is one linear again."""

import re

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.tflite.harness import model_of

from portproof.exporter.coreml.patterns import recognised

HEAD = '<ir_version: 10, opset_import: ["" : 20]> net (float[%s] x) => (float[%s] y) { %s }'
X = np.linspace(-1, 1, 80, dtype=np.float32)
W = np.linspace(-2, 2, 32, dtype=np.float32).reshape(8, 4)
SQUARE = np.linspace(-1, 2, 64, dtype=np.float32).reshape(8, 8)
C4 = np.arange(4, dtype=np.float32)
C8 = np.arange(8, dtype=np.float32)


def net(shape: list[int], out: list[int], body: str, **arrays: np.ndarray) -> ir.Model:
    sizes = (",".join(map(str, each)) for each in (shape, out))
    arrays = {"flat": np.array([10, 8]), "back": np.array(out, np.int64), "w": W, "c": C4, **arrays}
    words = set(re.findall(r"\w+", body))
    return model_of(HEAD % (*sizes, body), **{name: array for name, array in arrays.items() if name in words})


def expect(model: ir.Model, shape: list[int], *ops: str) -> None:
    check(model, {"x": X.reshape(shape)}, expect=ops)
    once = recognised(model)
    again = recognised(once)
    assert [node.op_type for node in again.graph] == [node.op_type for node in once.graph]


@pytest.mark.parametrize(("attributes", "w"), [("transB = 0", W), ("transB = 1", np.ascontiguousarray(W.T))])
def test_the_reshapes_around_one_layer_go(attributes: str, w: np.ndarray) -> None:
    body = f"f = Reshape(x, flat) g = Gemm<{attributes}>(f, w, c) y = Reshape(g, back)"
    expect(net([2, 5, 8], [2, 5, 4], body, w=w), [2, 5, 8], "linear")


def test_those_around_several_layers_go() -> None:
    body = "f = Reshape(x, flat) g = Gemm(f, w1, c8) h = Gelu(g) k = Mul(h, two) l = Gemm(k, w, c) y = Reshape(l, back)"
    model = net([2, 5, 8], [2, 5, 4], body, w1=SQUARE, c8=C8, two=np.float32(2))
    expect(model, [2, 5, 8], "gelu", "linear", "linear", "mul")


@pytest.mark.parametrize("product", ["Mul(g, s)", "Mul(s, g)"])
def test_a_silu_between_layers_is_no_obstacle(product: str) -> None:
    body = (
        f"f = Reshape(x, flat) g = Gemm(f, w1, c8) s = Sigmoid(g) p = {product} l = Gemm(p, w, c) y = Reshape(l, back)"
    )
    expect(net([2, 5, 8], [2, 5, 4], body, w1=SQUARE, c8=C8), [2, 5, 8], "linear", "linear", "silu")


def test_a_flattening_of_other_axes_takes_those_behind_the_layer() -> None:
    body = "f = Reshape(x, flat) g = Gemm(f, w, c) y = Reshape(g, back)"
    expect(net([2, 5, 4, 2], [2, 5, 4], body), [2, 5, 4, 2], "linear", "reshape")


def test_rows_that_end_up_in_other_groups_keep_one_reshape() -> None:
    body = "f = Reshape(x, flat) g = Gemm(f, w, c) y = Reshape(g, back)"
    expect(net([2, 5, 8], [5, 2, 4], body), [2, 5, 8], "linear", "reshape")


def test_a_row_of_two_axes_fits_more_of_them() -> None:
    body = "f = Reshape(x, flat) a = Add(row, f) y = Reshape(a, back)"
    expect(net([2, 5, 8], [2, 5, 8], body, row=C8.reshape(1, 8)), [2, 5, 8], "add")


def test_what_differs_by_row_stays_flat() -> None:
    body = "f = Reshape(x, flat) a = Add(f, rows) y = Reshape(a, back)"
    model = net([2, 5, 8], [2, 5, 8], body, rows=np.arange(10, dtype=np.float32).reshape(10, 1))
    expect(model, [2, 5, 8], "add", "reshape", "reshape")


def test_what_is_read_twice_is_not_doubled() -> None:
    body = "f = Reshape(x, flat) g = Gemm(f, w, c) m = MatMul(f, w) a = Add(g, m) y = Reshape(a, back)"
    expect(net([2, 5, 8], [2, 5, 4], body), [2, 5, 8], "add", "linear", "linear", "reshape", "reshape")


def test_a_scaled_product_is_a_gemm() -> None:
    body = "f = Reshape(x, flat) g = Gemm<alpha = 2.0>(f, w, c) y = Reshape(g, back)"
    model = net([2, 5, 8], [2, 5, 4], body)
    assert "Gemm" in [node.op_type for node in recognised(model).graph]
    check(model, {"x": X.reshape(2, 5, 8)})


def test_equal_sizes_do_not_mislead() -> None:
    x = np.linspace(-1, 1, 512, dtype=np.float32).reshape(8, 8, 8)
    body = "f = Reshape(x, flat) g = Gemm(f, w1, c8) t = Transpose<perm = [1, 0]>(g) y = Reshape(t, back)"
    model = net([8, 8, 8], [8, 8, 8], body, flat=np.array([64, 8]), w1=SQUARE, c8=C8)
    check(model, {"x": x})


@pytest.mark.parametrize("last", ["y = Squeeze(s, axis)", "y = Reshape(s, back)"])
@pytest.mark.parametrize("start", [0, 2, -1])
def test_a_slice_without_its_axis_is_one_operator(last: str, start: int) -> None:
    ends = {"start": np.array([start]), "end": np.array([start + 1 or 2**40]), "axis": np.array([1])}
    model = net([2, 4, 10], [2, 10], f"s = Slice(x, start, end, axis) {last}", **ends)
    assert len(recognised(model).graph) == 1
    check(model, {"x": X.reshape(2, 4, 10)})


def test_a_slice_of_one_that_loses_another_axis_stays() -> None:
    x = X[:40].reshape(1, 4, 10)
    ends = {"start": np.array([1]), "end": np.array([2]), "axis": np.array([1])}
    model = net([1, 4, 10], [1, 10], "s = Slice(x, start, end, axis) y = Squeeze(s, zero)", zero=np.array([0]), **ends)
    check(model, {"x": x})

import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

RNG = np.random.default_rng(0)
TEXT = """<ir_version: 9, opset_import: ["" : 18]> g (float[4,4] x) => (float[%s] y)
<int64[3] heads = {4, 3, 4}, int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] axis = {1}> {%s}"""
PARTS = """
    p = MatMul(x, w) a = Add(p, b) r = Reshape(a, heads) t = Transpose<perm = [1, 0, 2]>(r)
    q, k, v = Split<axis = 0, num_outputs = 3>(t)
"""


def ops(body: str, out: str = "1,4,4", columns: int = 12, s: np.ndarray | None = None) -> dict[str, int]:
    arrays = {"w": RNG.standard_normal((4, columns)), "b": RNG.standard_normal(columns), "s": np.array(0.3)}
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()} | ({} if s is None else {"s": s})
    model = model_of(TEXT % (out, body), **{name: array for name, array in arrays.items() if f" {name})" in body})
    check(model, {"x": RNG.standard_normal((4, 4)).astype(np.float32)}, rtol=1e-4, atol=1e-5)
    return convert_model(model, io_layout="keep").op_counts


@pytest.mark.parametrize("scale", ["Mul(a, s)", "Div(a, s)"])
def test_right_behind_the_layer(scale: str) -> None:
    body = f"p = MatMul(x, w) a = Add(p, b) y = {scale}"
    assert ops(body, "4,4", 4) == {"FULLY_CONNECTED": 1}


def test_a_part_of_the_layer() -> None:
    counts = ops(PARTS + "m = Mul(q, s) n = Add(m, k) y = Add(n, v)")
    assert "MUL" not in counts


def test_two_parts_by_themselves() -> None:
    assert "MUL" not in ops(PARTS + "m = Mul(q, s) n = Mul(k, s) c = Add(m, n) y = Add(c, v)")


def test_a_factor_behind_a_product_goes_in_front() -> None:
    body = PARTS + "c = Transpose<perm = [0, 2, 1]>(k) d = MatMul(q, c) m = Mul(d, s) e = Softmax(m) y = MatMul(e, v)"
    counts = ops(body)
    assert "MUL" not in counts
    assert counts["BATCH_MATMUL"] == 2
    assert "TRANSPOSE" not in counts


def test_a_part_that_is_read_twice_keeps_its_factor() -> None:
    assert ops(PARTS + "m = Mul(q, s) n = Add(m, q) c = Add(n, k) y = Add(c, v)")["MUL"] == 1


def test_the_whole_that_is_read_too_keeps_the_factor() -> None:
    assert ops(PARTS + "m = Mul(q, s) n = Add(m, k) c = Add(n, v) y = Add(c, t)", "3,4,4")["MUL"] == 1


def test_a_constant_over_the_layer_is_no_factor() -> None:
    body = "p = MatMul(x, w) a = Add(p, b) y = Div(s, a)"
    arrays = {"w": RNG.standard_normal((4, 4)), "b": RNG.standard_normal(4), "s": np.array(0.3)}
    model = model_of(TEXT % ("4,4", body), **{name: array.astype(np.float32) for name, array in arrays.items()})
    assert "DIV" in convert_model(model).op_counts


@pytest.mark.parametrize("number", [0.0, np.inf, np.nan])
def test_numbers_that_would_spoil_the_weights_stay(number: float) -> None:
    body = "p = MatMul(x, w) a = Add(p, b) y = Mul(a, s)"
    arrays = {"w": RNG.standard_normal((4, 4)), "b": RNG.standard_normal(4), "s": np.array(number)}
    model = model_of(TEXT % ("4,4", body), **{name: array.astype(np.float32) for name, array in arrays.items()})
    assert convert_model(model).op_counts["MUL"] == 1

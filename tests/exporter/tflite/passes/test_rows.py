import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

RNG = np.random.default_rng(0)
TEXT = """<ir_version: 9, opset_import: ["" : 18]> g (float[2,4,4] x) => (float[2,4,4] y)
<int64[2] flat = {8, 4}, int64[3] rows = {2, 4, 4}> {%s}"""


def ops(body: str) -> dict[str, int]:
    arrays = {name: RNG.standard_normal((4, 4)).astype(np.float32) for name in ("w", "v")}
    arrays |= {
        name: RNG.standard_normal(shape).astype(np.float32) for name, shape in (("b", 4), ("c", (1, 1)), ("d", (8, 4)))
    }
    used = {
        name: array
        for name, array in arrays.items()
        if {f" {name}", f"({name}"} & {body[at : at + 2] for at in range(len(body))}
    }
    model = model_of(TEXT % body, **used)
    check(model, {"x": RNG.standard_normal((2, 4, 4)).astype(np.float32)}, rtol=1e-4, atol=1e-5)
    return convert_model(model, io_layout="keep").op_counts


def test_around_one_layer() -> None:
    assert ops("r = Reshape(x, flat) p = Gemm(r, w, b) y = Reshape(p, rows)") == {"FULLY_CONNECTED": 1}


@pytest.mark.parametrize("between", ["Relu(p)", "Add(p, b)", "Mul(p, c)", "Sub(c, p)", "Add(p, r)", "Div(p, q)"])
def test_what_treats_rows_alike_is_passed(between: str) -> None:
    body = f"r = Reshape(x, flat) q = Exp(r) p = Gemm(r, w, b) m = {between} n = Gemm(m, v, b) y = Reshape(n, rows)"
    assert "RESHAPE" not in ops(body)


def test_a_constant_with_numbers_for_each_row_stops_it() -> None:
    assert ops("r = Reshape(x, flat) p = Gemm(r, w, b) m = Mul(p, d) y = Reshape(m, rows)")["RESHAPE"] == 2


def test_swish_reads_twice() -> None:
    body = "r = Reshape(x, flat) p = Gemm(r, w, b) s = Sigmoid(p) m = Mul(p, s) y = Reshape(m, rows)"
    assert ops(body) == {"FULLY_CONNECTED": 1, "LOGISTIC": 1, "MUL": 1}


def test_columns_that_are_merged_are_left() -> None:
    body = "t = Transpose<perm = [0, 2, 1]>(x) r = Reshape(t, flat) s = Softmax(r) y = Reshape(s, rows)"
    assert ops(body)["SOFTMAX"] == 1

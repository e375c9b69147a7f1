import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

RNG = np.random.default_rng(0)
TEXT = '<ir_version: 9, opset_import: ["" : 18]> g (float[2,4,4] x) => (float[2,4,4] y) {%s}'
SHAPES = {"w": (4, 4), "u": (4, 4), "s": (4,), "t": (1, 1, 4), "c": (), "r": (4, 1)}


def ops(body: str) -> dict[str, int]:
    arrays = {name: RNG.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}
    model = model_of(TEXT % body, **{name: array for name, array in arrays.items() if f" {name})" in body})
    check(model, {"x": RNG.standard_normal((2, 4, 4)).astype(np.float32)}, rtol=1e-4, atol=1e-5)
    return convert_model(model, io_layout="keep").op_counts


@pytest.mark.parametrize(("factor", "offset"), [("s", "t"), ("c", "s"), ("t", "c")])
def test_factor_and_offset(factor: str, offset: str) -> None:
    assert ops(f"m = Mul(x, {factor}) a = Add(m, {offset}) y = MatMul(a, w)") == {"FULLY_CONNECTED": 1}


def test_several_layers_read_it() -> None:
    counts = ops("m = Mul(x, s) a = Add(m, t) p = MatMul(a, w) q = MatMul(a, u) y = Mul(p, q)")
    assert counts == {"FULLY_CONNECTED": 2, "MUL": 1}


def test_what_another_operator_reads_too_stays() -> None:
    assert ops("m = Mul(x, s) p = MatMul(m, w) y = Add(p, m)")["MUL"] == 1


def test_a_factor_for_each_row_stays() -> None:
    assert ops("m = Mul(x, r) y = MatMul(m, w)") == {"FULLY_CONNECTED": 1, "MUL": 1}


def test_two_run_time_factors_stay() -> None:
    assert ops("m = Mul(x, x) y = MatMul(m, w)")["FULLY_CONNECTED"] == 1


def test_layer_norm_in_front_of_a_layer() -> None:
    counts = ops("n = LayerNormalization(x, s, t) y = MatMul(n, w)".replace("t)", "s)"))
    assert (counts["MUL"], counts["ADD"]) == (1, 1)  # times the reciprocal root, plus epsilon

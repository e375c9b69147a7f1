import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

RNG = np.random.default_rng(0)
TEXT = '<ir_version: 9, opset_import: ["" : 18]> g (float[%s] q, float[%s] k) => (float[%s] y) {%s}'


def ops(shapes: tuple[str, str, str], body: str) -> dict[str, int]:
    model = model_of(TEXT % (*shapes, body))
    fed = {name: [int(size) for size in shape.split(",")] for name, shape in zip("qk", shapes, strict=False)}
    arrays = {name: RNG.standard_normal(shape).astype(np.float32) for name, shape in fed.items()}
    check(model, arrays, rtol=1e-4, atol=1e-5)
    return convert_model(model, io_layout="keep").op_counts


def test_a_swap_of_the_matrix_is_read_the_other_way_round() -> None:
    body = "t = Transpose<perm = [0, 1, 3, 2]>(k) y = MatMul(q, t)"
    assert ops(("2,4,4,4", "2,4,4,4", "2,4,4,4"), body) == {"BATCH_MATMUL": 1}


def test_heads_move_and_the_innermost_axis_stays() -> None:
    body = "t = Transpose<perm = [0, 2, 3, 1]>(k) y = MatMul(q, t)"
    assert ops(("2,4,4,4", "2,4,4,4", "2,4,4,4"), body) == {"BATCH_MATMUL": 1, "TRANSPOSE": 1}


def test_a_swap_that_others_read_too() -> None:
    body = "t = Transpose<perm = [0, 1, 3, 2]>(k) p = MatMul(q, t) y = Add(p, t)"
    assert ops(("2,4,4,4", "2,4,4,4", "2,4,4,4"), body) == {"ADD": 1, "BATCH_MATMUL": 1, "TRANSPOSE": 1}


@pytest.mark.parametrize("order", ["0, 2, 1, 3", "1, 0, 2, 3", "3, 1, 0, 2"])
def test_other_moves(order: str) -> None:
    body = f"t = Transpose<perm = [{order}]>(k) y = MatMul(q, t)"
    assert ops(("4,4,4,4", "4,4,4,4", "4,4,4,4"), body) == {"BATCH_MATMUL": 1, "TRANSPOSE": 1}


def test_exporters_drop_an_axis_of_one_around_the_swap() -> None:
    body = """r = Reshape(k, flat) t = Transpose<perm = [0, 2, 1]>(r) u = Reshape(t, full) y = MatMul(q, u)"""
    text = TEXT.replace(" {%s}", " <int64[3] flat = {4, 3, 2}, int64[4] full = {1, 4, 2, 3}> {%s}")
    model = model_of(text % ("1,4,5,2", "1,4,3,2", "1,4,5,3", body))
    shapes = {"q": (1, 4, 5, 2), "k": (1, 4, 3, 2)}
    check(model, {n: RNG.standard_normal(s).astype(np.float32) for n, s in shapes.items()}, expect=["BATCH_MATMUL"])


def test_reshapes_that_do_more_are_left() -> None:
    body = """r = Reshape(k, flat) t = Transpose<perm = [0, 2, 1]>(r) u = Reshape(t, full) y = MatMul(q, u)"""
    text = TEXT.replace(" {%s}", " <int64[3] flat = {4, 2, 6}, int64[4] full = {2, 4, 2, 3}> {%s}")
    model = model_of(text % ("2,4,5,2", "2,4,3,2", "2,4,5,3", body))
    shapes = {"q": (2, 4, 5, 2), "k": (2, 4, 3, 2)}
    check(model, {n: RNG.standard_normal(s).astype(np.float32) for n, s in shapes.items()})


def test_images_as_keys() -> None:
    """The layout may read a channels-last tensor as keys, though ONNX has channels first."""
    body = "c = Transpose<perm = [0, 2, 1]>(q) y = MatMul(c, k)"
    assert ops(("2,4,4", "2,4,4", "2,4,4"), body) == {"BATCH_MATMUL": 1, "TRANSPOSE": 1}

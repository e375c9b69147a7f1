import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

RNG = np.random.default_rng(0)
TEXT = '<ir_version: 9, opset_import: ["" : 18]> g (float[2,3,4] x) => (float[2,3,5] y) {%s}'


def ops(body: str, **constants: np.ndarray) -> list[str]:
    arrays = {"w": RNG.standard_normal((4, 5)).astype(np.float32)} | constants
    model = model_of(TEXT % body, **arrays)
    check(model, {"x": RNG.standard_normal((2, 3, 4)).astype(np.float32)}, rtol=1e-5)
    return list(convert_model(model, io_layout="keep").op_counts)


@pytest.mark.parametrize("shape", [(5,), (1, 1, 5), (1,), ()])
def test_vectors_and_scalars_are_fused(shape: tuple[int, ...]) -> None:
    bias = RNG.standard_normal(shape).astype(np.float32)
    assert ops("a = MatMul(x, w) y = Add(b, a)", b=bias) == ["FULLY_CONNECTED"]


def test_an_activation_behind_is_kept() -> None:
    bias = RNG.standard_normal(5).astype(np.float32)
    assert ops("a = MatMul(x, w) c = Add(a, b) y = Relu(c)", b=bias) == ["FULLY_CONNECTED"]


def test_an_activation_between_stops_it() -> None:
    bias = RNG.standard_normal(5).astype(np.float32)
    assert ops("a = MatMul(x, w) c = Relu(a) y = Add(c, b)", b=bias) == ["ADD", "FULLY_CONNECTED"]


@pytest.mark.parametrize("shape", [(3, 5), (3, 1), (2, 1, 1)])
def test_what_differs_within_a_channel_is_not_a_bias(shape: tuple[int, ...]) -> None:
    bias = RNG.standard_normal(shape).astype(np.float32)
    assert ops("a = MatMul(x, w) y = Add(a, b)", b=bias) == ["ADD", "FULLY_CONNECTED"]


def test_a_product_read_twice_keeps_its_add() -> None:
    bias = RNG.standard_normal(5).astype(np.float32)
    assert ops("a = MatMul(x, w) c = Add(a, b) y = Mul(a, c)", b=bias) == ["ADD", "FULLY_CONNECTED", "MUL"]

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal

OPS = ["GlobalAveragePool", "GlobalMaxPool"]


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("shape", [(2, 3, 5), (1, 4, 4, 4), (2, 3, 4, 5), (1, 2, 3, 3, 2)])
def test_ranks(op: str, shape: tuple[int, ...]) -> None:
    x = normal(*shape) - 3
    check(node_model(op, {"x": x}), {"x": x}, atol=1e-5)


@pytest.mark.parametrize("op", OPS)
def test_one_operator(op: str) -> None:
    assert sum(ops_of(node_model(op, {"x": normal(1, 2, 3, 3)})).values()) == 1


@pytest.mark.parametrize("op", OPS)
def test_float16(op: str) -> None:
    x = normal(1, 2, 3, 3).astype(np.float16)
    check(node_model(op, {"x": x}), {"x": x}, oracle="reference", rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("shape", [(2, 3, 5), (1, 4, 4, 4)])
def test_norms(p: int, shape: tuple[int, ...]) -> None:
    x = normal(*shape)
    check(node_model("GlobalLpPool", {"x": x}, p=p, opset=21), {"x": x}, rtol=1e-4, atol=1e-5)


@SMALL
@given(st.lists(st.integers(1, 4), min_size=3, max_size=5), st.sampled_from(OPS))
def test_any_shape(shape: list[int], op: str) -> None:
    x = normal(*shape)
    check(node_model(op, {"x": x}), {"x": x}, atol=1e-5)


@pytest.mark.parametrize("op", [*OPS, "GlobalLpPool"])
def test_double_precision_is_told(op: str) -> None:
    assert "float64" in narrowed(node_model(op, {"x": np.zeros((1, 1, 2, 2))}))

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, ops_of
from tests.exporter.tflite.ops.movement_support import check_both, data, few, shapes

ARGS = ("ArgMax", "ArgMin")


@pytest.mark.parametrize("op", ARGS)
@pytest.mark.parametrize("axis", [None, 1, -1])
@pytest.mark.parametrize("keepdims", [None, 0])
@pytest.mark.parametrize("last", [None, 1])
def test_arg_extremes_with_ties(op: str, axis: int | None, keepdims: int | None, last: int | None) -> None:
    x = data((3, 3, 3)) // 9
    check_both(node_model(op, {"x": x}, axis=axis, keepdims=keepdims, select_last_index=last), {"x": x})


@pytest.mark.parametrize("op", ARGS)
@pytest.mark.parametrize("dtype", ["float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"])
@pytest.mark.parametrize("last", [0, 1])
def test_types_of_arg_extremes(op: str, dtype: str, last: int) -> None:
    x = data((4, 3), dtype)
    x[3] = x[0]
    check_both(node_model(op, {"x": x}, axis=0, select_last_index=last), {"x": x}, oracle="reference")


@pytest.mark.parametrize(("op", "opset"), [("ArgMax", 7), ("ArgMin", 11), ("ArgMax", 12), ("ArgMin", 13)])
def test_opsets_of_arg_extremes(op: str, opset: int) -> None:
    x = data((2, 3))
    check_both(node_model(op, {"x": x}, axis=1, opset=opset), {"x": x})


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_top_k(largest: int, axis: int) -> None:
    x = data((3, 3, 3))
    model = node_model("TopK", {"x": x}, constants={"k": np.array([2])}, outputs=("v", "i"), axis=axis, largest=largest)
    check_both(model, {"x": x})


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "int16", "int32", "int64", "uint8", "uint32"])
def test_types_of_top_k_with_ties_and_extremes(largest: int, dtype: str) -> None:
    """The lowest integer has no opposite, so that it shows how the order is turned round."""
    x = np.concatenate([data((6,), dtype), data((6,), dtype)])
    model = node_model("TopK", {"x": x}, constants={"k": np.array([12])}, outputs=("v", "i"), largest=largest)
    check_both(model, {"x": x}, oracle="ort" if dtype in ("float32", "int32", "int64") else "reference")


@pytest.mark.parametrize("opset", [7, 10, 11, 24])
def test_opsets_of_top_k(opset: int) -> None:
    x = data((2, 5))
    constants = {"k": np.array([3])} if opset >= 10 else None
    model = node_model(
        "TopK", {"x": x}, constants=constants, outputs=("v", "i"), opset=opset, k=None if constants else 3
    )
    check_both(model, {"x": x})


def test_all_unsorted_are_given_sorted() -> None:
    x = data((5,))
    model = node_model("TopK", {"x": x}, constants={"k": np.array([5])}, outputs=("v", "i"), sorted=0)
    check_both(model, {"x": x}, oracle="reference")


def test_k_that_is_computed_follows_from_the_declared_shape() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (float[5] x, int64[1] k) => (float[2] v, int64[2] i) {
      v, i = TopK (x, k) }"""
    check_both(model_of(text), {"x": data((5,)), "k": np.array([2])})


def test_on_the_last_axis_it_is_one_kernel_and_a_cast() -> None:
    model = node_model("TopK", {"x": data((2, 4))}, constants={"k": np.array([2])}, outputs=("v", "i"))
    assert ops_of(model) == {"TOPK_V2": 1, "CAST": 1}
    assert ops_of(node_model("ArgMax", {"x": data((2, 4))}, keepdims=0)) == {"ARG_MAX": 1}


@few
@given(
    shape=shapes(1, 5),
    choice=st.integers(0, 4),
    op=st.sampled_from(ARGS),
    last=st.integers(0, 1),
    ties=st.integers(1, 9),
)
def test_any_arg_extreme(shape: list[int], choice: int, op: str, last: int, ties: int) -> None:
    x = data(shape) // ties
    check_both(node_model(op, {"x": x}, axis=choice % len(shape), select_last_index=last), {"x": x})


@few
@given(shape=shapes(1, 5), choice=st.integers(0, 4), largest=st.integers(0, 1), k=st.integers(1, 4))
def test_any_top_k(shape: list[int], choice: int, largest: int, k: int) -> None:
    x, axis = data(shape), choice % len(shape)
    constants = {"k": np.array([min(k, shape[axis])])}
    model = node_model("TopK", {"x": x}, constants=constants, outputs=("v", "i"), axis=axis, largest=largest)
    check_both(model, {"x": x})

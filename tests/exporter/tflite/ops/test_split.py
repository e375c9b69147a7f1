import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, ops_of
from tests.exporter.tflite.ops.movement_support import RARE_TYPES, TYPES, check_both, data, few, refused, shapes

NAMES = ("a", "b", "c", "d", "e", "f")


def int64(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


@pytest.mark.parametrize("opset", [7, 11, 13, 18, 24])
@pytest.mark.parametrize("parts", [2, 3])
def test_equal_parts_are_one_split(opset: int, parts: int) -> None:
    x = data((2, 6, 2, 2))
    count = parts if opset >= 18 else None
    model = node_model("Split", {"x": x}, outputs=NAMES[:parts], axis=1, num_outputs=count, opset=opset)
    check_both(model, {"x": x}, expect=["SPLIT"])


@pytest.mark.parametrize("opset", [7, 11])
def test_sizes_as_an_attribute(opset: int) -> None:
    x = data((6, 2))
    check_both(node_model("Split", {"x": x}, outputs=NAMES[:3], split=[1, 3, 2], axis=0, opset=opset), {"x": x})


@pytest.mark.parametrize("given_sizes", [(1, 3, 2), (2, 2, 2), (0, 6, 0)])
def test_sizes_as_an_input(given_sizes: tuple[int, ...]) -> None:
    x = data((2, 6))
    model = node_model("Split", {"x": x}, constants={"s": int64(*given_sizes)}, outputs=NAMES[:3], axis=-1)
    check_both(model, {"x": x}, oracle="reference" if 0 in given_sizes else "ort")


@pytest.mark.parametrize(("size", "parts"), [(7, 3), (7, 4), (5, 2)])
def test_the_last_of_num_outputs_is_smaller(size: int, parts: int) -> None:
    x = data((size, 2))
    check_both(node_model("Split", {"x": x}, outputs=NAMES[:parts], axis=0, num_outputs=parts), {"x": x})


def test_many_float_parts_are_slices_that_xnnpack_takes() -> None:
    x = data((2, 6))
    model = node_model("Split", {"x": x}, outputs=NAMES, axis=1, num_outputs=6)
    check_both(model, {"x": x})
    assert ops_of(model) == {"SLICE": 6}


@pytest.mark.parametrize("dtype", TYPES + RARE_TYPES)
def test_types(dtype: str) -> None:
    x = data((4, 3), dtype)
    check_both(node_model("Split", {"x": x}, outputs=NAMES[:2], axis=0, num_outputs=2), {"x": x})


def test_rank_seven_goes_through_slices() -> None:
    x = data((2, 1, 2, 1, 2, 1, 2))
    check_both(node_model("Split", {"x": x}, outputs=NAMES[:2], axis=6, num_outputs=2), {"x": x})


def test_sizes_that_do_not_add_up_are_refused() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[6,2] x) => (float[1,2] a, float[2,2] b) { a, b = Split <axis=0> (x, s) }"""
    refused(model_of(text, s=int64(1, 2)), "do not add up")


@few
@given(shape=shapes(1, 5), choice=st.integers(0, 4), first=st.integers(1, 3))
def test_two_parts_of_any_shape(shape: list[int], choice: int, first: int) -> None:
    axis = choice % len(shape)
    shape[axis] = 4
    x = data(shape)
    model = node_model("Split", {"x": x}, constants={"s": int64(first, 4 - first)}, outputs=NAMES[:2], axis=axis)
    check_both(model, {"x": x})

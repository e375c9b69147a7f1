import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import node_model
from tests.exporter.tflite.ops.movement_support import TYPES, check_both, data, few, refused, shapes, sizes


@pytest.mark.parametrize("axis", [0, 1, 3, -1, -3])
def test_axes(axis: int) -> None:
    inputs = {"p": data((2, 2, 2, 2)), "q": data((2, 2, 2, 2), seed=1)}
    check_both(node_model("Concat", inputs, axis=axis), inputs, expect=["CONCATENATION"])


@pytest.mark.parametrize("dtype", [*TYPES, "uint16", "uint32"])
def test_types(dtype: str) -> None:
    inputs = {"p": data((2, 3), dtype), "q": data((2, 1), dtype, seed=1)}
    check_both(node_model("Concat", inputs, axis=1), inputs)


@pytest.mark.parametrize("opset", [7, 11, 13])
def test_opsets(opset: int) -> None:
    inputs = {"p": data((2, 3)), "q": data((4, 3))}
    check_both(node_model("Concat", inputs, axis=0, opset=opset), inputs)


def test_one_part_and_a_constant_and_an_empty_part() -> None:
    x = {"p": data((2, 3))}
    check_both(node_model("Concat", x, axis=0), x)
    check_both(node_model("Concat", x, constants={"c": data((1, 3))}, axis=0), x)
    check_both(node_model("Concat", x, constants={"c": np.zeros((0, 3), np.float32)}, axis=0), x)


def test_six_parts() -> None:
    inputs = {f"p{index}": data((1, index + 1), seed=index) for index in range(6)}
    check_both(node_model("Concat", inputs, axis=1), inputs)


@pytest.mark.parametrize("axis", [0, 3, 6])
def test_above_rank_six_axes_are_merged(axis: int) -> None:
    inputs = {"p": data((2, 1, 2, 2, 1, 2, 2)), "q": data((2, 1, 2, 2, 1, 2, 2), seed=1)}
    check_both(node_model("Concat", inputs, axis=axis), inputs)


@pytest.mark.parametrize("dtype", ["float64", "uint64"])
def test_types_without_a_kernel_are_refused(dtype: str) -> None:
    refused(node_model("Concat", {"p": data((2,), dtype), "q": data((2,), dtype)}, axis=0), dtype)


@few
@given(shape=shapes(1, 5), other=sizes, choice=st.integers(0, 4))
def test_any_shape(shape: list[int], other: int, choice: int) -> None:
    axis = choice % len(shape)
    second = [other if position == axis else size for position, size in enumerate(shape)]
    inputs = {"p": data(shape), "q": data(second, seed=1)}
    check_both(node_model("Concat", inputs, axis=axis - len(shape)), inputs)

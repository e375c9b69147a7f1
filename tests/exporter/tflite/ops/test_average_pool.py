import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal, refusal


def average_pool(x: np.ndarray, *kernel: int, **attributes):
    return node_model("AveragePool", {"x": x}, kernel_shape=kernel, **attributes)


FORMS = [
    {},
    {"strides": [2, 2]},
    {"strides": [2, 2], "pads": [1, 1, 1, 1]},
    {"strides": [2, 2], "pads": [0, 0, 1, 1]},
    {"strides": [2, 2], "ceil_mode": 1},
    {"strides": [3, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    {"pads": [1, 0, 1, 1]},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"auto_pad": "SAME_LOWER", "strides": [1, 2]},
    {"auto_pad": "VALID", "strides": [2, 1]},
    {"dilations": [2, 1], "pads": [1, 0, 2, 1]},
    {"dilations": [2, 2], "strides": [2, 1], "pads": [1, 1, 1, 1]},
]


@pytest.mark.parametrize("size", [(1, 3, 7, 8), (2, 6, 6, 6)])
@pytest.mark.parametrize("counted", [0, 1])
@pytest.mark.parametrize("attributes", FORMS, ids=str)
def test_two_axes(size: tuple[int, ...], attributes: dict, counted: int) -> None:
    x = normal(*size)
    check(average_pool(x, 3, 2, count_include_pad=counted, **attributes), {"x": x}, oracle="ort", atol=1e-5)


def test_pads_of_same_are_not_counted_by_the_kernel() -> None:
    x = normal(1, 2, 8, 8)
    bare = average_pool(x, 3, 3, pads=[1, 1, 1, 1])
    assert ops_of(bare) == {"AVERAGE_POOL_2D": 1, "TRANSPOSE": 2}
    counted = average_pool(x, 3, 3, pads=[1, 1, 1, 1], count_include_pad=1)
    assert ops_of(counted) == {"AVERAGE_POOL_2D": 1, "PAD": 1, "TRANSPOSE": 2}
    corrected = average_pool(x, 3, 3, pads=[1, 1, 1, 1], strides=[2, 2])
    assert ops_of(corrected) == {"AVERAGE_POOL_2D": 1, "MUL": 1, "PAD": 1, "TRANSPOSE": 2}


@pytest.mark.parametrize("attributes", [{}, {"pads": [2, 1], "strides": [2]}, {"ceil_mode": 1, "strides": [3]}])
def test_one_axis(attributes: dict) -> None:
    x = normal(2, 3, 8)
    check(average_pool(x, 3, **attributes), {"x": x}, atol=1e-5)


@pytest.mark.parametrize("counted", [0, 1])
@pytest.mark.parametrize("attributes", [{}, {"pads": [0, 1, 1, 1, 1, 0], "strides": [1, 2, 2]}])
def test_three_axes(attributes: dict, counted: int) -> None:
    x = normal(2, 3, 4, 4, 4)
    check(average_pool(x, 2, 3, 2, count_include_pad=counted, **attributes), {"x": x}, atol=1e-5)


def test_float16() -> None:
    x = normal(1, 2, 5, 5).astype(np.float16)
    check(average_pool(x, 3, 3, pads=[1, 1, 1, 1]), {"x": x}, oracle="reference", rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("opset", [7, 10, 11, 19, 22])
def test_versions(opset: int) -> None:
    x = normal(1, 2, 5, 5)
    check(average_pool(x, 2, 2, strides=[2, 2], pads=[1, 0, 0, 1], opset=opset), {"x": x}, atol=1e-5)


@SMALL
@given(st.data())
def test_any_window(data: st.DataObject) -> None:
    def pair(low: int, high: int) -> list[int]:
        return [data.draw(st.integers(low, high)) for _ in range(2)]

    kernel, strides, size = pair(1, 3), pair(1, 4), pair(1, 6)
    pads = [data.draw(st.integers(0, kernel[i % 2] - 1)) for i in range(4)]
    assume(all(size[i] + pads[i] + pads[i + 2] >= kernel[i] for i in (0, 1)))
    x = normal(2, data.draw(st.integers(1, 4)), *size)
    counted, ceil_mode = data.draw(st.integers(0, 1)), data.draw(st.integers(0, 1))
    attributes = {"strides": strides, "pads": pads, "ceil_mode": ceil_mode, "count_include_pad": counted}
    check(average_pool(x, *kernel, **attributes), {"x": x}, atol=1e-5)


def test_double_precision_is_told() -> None:
    assert "float64" in narrowed(average_pool(np.zeros((1, 1, 4, 4)), 2, 2))


def test_a_window_of_padding_alone_is_refused() -> None:
    assert "nothing but padding" in refusal(average_pool(normal(1, 1, 4, 4), 2, 2, pads=[2, 0, 0, 0]))

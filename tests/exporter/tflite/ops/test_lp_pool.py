import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal


def lp_pool(x: np.ndarray, *kernel: int, **attributes):
    return node_model("LpPool", {"x": x}, kernel_shape=kernel, **attributes)


@pytest.mark.parametrize("p", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"strides": [2, 2], "pads": [1, 0, 1, 1]},
        {"auto_pad": "SAME_UPPER"},
        {"dilations": [2, 1]},
        {"ceil_mode": 1, "strides": [2, 2]},
    ],
    ids=str,
)
def test_two_axes(attributes: dict, p: int) -> None:
    x = normal(2, 3, 6, 6)
    check(lp_pool(x, 2, 3, p=p, **attributes), {"x": x}, rtol=1e-4, atol=1e-5)


def test_root_of_squares_has_kernels_of_its_own() -> None:
    x = normal(1, 2, 4, 4)
    assert "POW" not in ops_of(lp_pool(x, 2, 2, p=2))
    assert ops_of(lp_pool(x, 2, 2, p=3))["POW"] == 2


@pytest.mark.parametrize("shape", [(2, 3, 7), (1, 2, 4, 4, 4)])
def test_other_ranks(shape: tuple[int, ...]) -> None:
    x, kernel = normal(*shape), [2, 3, 2][: len(shape) - 2]
    check(lp_pool(x, *kernel, strides=[2] * len(kernel)), {"x": x}, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("opset", [7, 11, 18, 22])
def test_versions(opset: int) -> None:
    x = normal(1, 2, 5, 5)
    check(lp_pool(x, 2, 2, opset=opset), {"x": x}, rtol=1e-4, atol=1e-5)


@SMALL
@given(st.data())
def test_any_window(data: st.DataObject) -> None:
    def pair(low: int, high: int) -> list[int]:
        return [data.draw(st.integers(low, high)) for _ in range(2)]

    kernel, strides, dilations, size = pair(1, 3), pair(1, 3), pair(1, 2), pair(1, 5)
    pads = [data.draw(st.integers(0, kernel[i % 2] - 1)) for i in range(4)]
    assume(all(size[i] + pads[i] + pads[i + 2] > (kernel[i] - 1) * dilations[i] for i in (0, 1)))
    x = normal(1, data.draw(st.integers(1, 4)), *size)
    check(lp_pool(x, *kernel, strides=strides, dilations=dilations, pads=pads), {"x": x}, rtol=1e-4, atol=1e-5)


def test_double_precision_is_told() -> None:
    assert "float64" in narrowed(lp_pool(np.zeros((1, 1, 4, 4)), 2, 2))

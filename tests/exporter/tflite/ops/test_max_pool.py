import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of, tflite_outputs
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal, refusal, whole


def max_pool(x: np.ndarray, *kernel: int, **attributes):
    return node_model("MaxPool", {"x": x}, kernel_shape=kernel, **attributes)


FORMS = [
    {},
    {"strides": [2, 2]},
    {"strides": [2, 2], "pads": [1, 1, 1, 1]},
    {"strides": [2, 2], "pads": [0, 0, 1, 1]},
    {"strides": [2, 2], "ceil_mode": 1},
    {"strides": [3, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    {"strides": [4, 4], "ceil_mode": 1},
    {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"auto_pad": "SAME_LOWER", "strides": [1, 2]},
    {"auto_pad": "VALID", "strides": [2, 1]},
    {"dilations": [2, 1], "pads": [1, 0, 2, 1]},
    {"dilations": [2, 2], "strides": [2, 1], "pads": [1, 1, 1, 1], "ceil_mode": 1},
]


@pytest.mark.parametrize("size", [(1, 3, 7, 8), (2, 6, 6, 6)])
@pytest.mark.parametrize("attributes", FORMS, ids=str)
def test_two_axes(size: tuple[int, ...], attributes: dict) -> None:
    x = normal(*size) - 5  # negative throughout: padding with zeros would win
    check(max_pool(x, 3, 2, **attributes), {"x": x}, rtol=0, atol=0)


def test_pads_of_same_need_no_operator() -> None:
    x = normal(1, 2, 8, 8)
    assert ops_of(max_pool(x, 3, 3, pads=[1, 1, 1, 1])) == {"MAX_POOL_2D": 1, "TRANSPOSE": 2}
    assert ops_of(max_pool(x, 3, 3, pads=[1, 1, 1, 1], strides=[2, 2]))["PADV2"] == 1
    # What ceil_mode asks for is just what SAME gives.
    assert "PADV2" not in ops_of(max_pool(normal(1, 2, 7, 7), 2, 2, strides=[2, 2], ceil_mode=1))


@pytest.mark.parametrize("attributes", [{}, {"pads": [2, 1], "strides": [2]}, {"ceil_mode": 1, "strides": [3]}])
def test_one_axis(attributes: dict) -> None:
    x = normal(2, 3, 8) - 5
    check(max_pool(x, 3, **attributes), {"x": x}, rtol=0, atol=0)


@pytest.mark.parametrize("attributes", [{}, {"pads": [0, 1, 1, 1, 1, 0], "strides": [1, 2, 2]}])
def test_three_axes(attributes: dict) -> None:
    x = normal(2, 3, 4, 4, 4) - 5
    check(max_pool(x, 2, 3, 2, **attributes), {"x": x}, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_integers(dtype: str) -> None:
    x = whole(1, 2, 5, 5, dtype=dtype, low=np.iinfo(dtype).min, high=np.iinfo(dtype).max + 1)
    check(max_pool(x, 3, 3, pads=[1, 1, 1, 1], strides=[2, 2], opset=12), {"x": x})
    check(max_pool(x, 2, 2, dilations=[2, 2], pads=[1, 1, 1, 1], opset=12), {"x": x})


def test_float16() -> None:
    x = normal(1, 2, 5, 5).astype(np.float16)
    check(max_pool(x, 3, 3, pads=[1, 1, 1, 1]), {"x": x}, oracle="reference")


@pytest.mark.parametrize("reference", [False, True])
def test_padding_does_not_win_over_infinity(reference: bool) -> None:
    from portproof.exporter.tflite.conversion import convert_model

    x = np.full((1, 1, 4, 4), -np.inf, np.float32)
    data = convert_model(max_pool(x, 3, 3, pads=[1, 1, 0, 0]), io_layout="keep").data
    # Without XNNPACK the kernel clamps what it gives to finite numbers.
    lowest = np.finfo(np.float32).min if reference else -np.inf
    assert (tflite_outputs(data, {"x": x}, reference=reference)["y"] <= lowest).all()


@pytest.mark.parametrize("opset", [7, 8, 10, 11, 12, 22])
def test_versions(opset: int) -> None:
    x = normal(1, 2, 5, 5)
    check(max_pool(x, 2, 2, strides=[2, 2], opset=opset), {"x": x}, rtol=0, atol=0)


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("attributes", FORMS, ids=str)
def test_places_of_the_maxima(attributes: dict, order: int) -> None:
    x = np.round(normal(2, 3, 6, 6))  # with ties
    check(max_pool(x, 3, 2, outputs=("y", "i"), storage_order=order, **attributes), {"x": x})


@pytest.mark.parametrize("shape", [(2, 3, 7), (1, 2, 4, 5, 4)])
def test_places_on_other_ranks_and_among_infinities(shape: tuple[int, ...]) -> None:
    for order in (0, 1):
        x = normal(*shape)
        x[x < 0] = -np.inf
        kernel = [2] * (len(shape) - 2)
        check(max_pool(x, *kernel, outputs=("y", "i"), storage_order=order), {"x": x})
    x = whole(1, 2, 5, 5, dtype="uint8", high=3)
    check(max_pool(x, 3, 3, pads=[1, 1, 1, 1], outputs=("y", "i")), {"x": x})
    many = normal(1, 64, 300, 300)
    assert "Indices" in refusal(max_pool(many, 9, 9, outputs=("y", "i")))


@SMALL
@given(st.data())
def test_any_window(data: st.DataObject) -> None:
    def pair(low: int, high: int) -> list[int]:
        return [data.draw(st.integers(low, high)) for _ in range(2)]

    kernel, strides, dilations, size = pair(1, 3), pair(1, 4), pair(1, 2), pair(1, 6)
    pads = [data.draw(st.integers(0, kernel[i % 2] - 1)) for i in range(4)]
    assume(all(size[i] + pads[i] + pads[i + 2] > (kernel[i] - 1) * dilations[i] for i in (0, 1)))
    x = normal(2, data.draw(st.integers(1, 4)), *size) - 5
    ceil_mode = data.draw(st.integers(0, 1))
    reachable = all(dilations[i] == 1 or pads[i] == pads[i + 2] == 0 for i in (0, 1))
    assume(reachable)  # else a window may miss every element
    model = max_pool(x, *kernel, strides=strides, dilations=dilations, pads=pads, ceil_mode=ceil_mode)
    check(model, {"x": x}, rtol=0, atol=0)


def test_double_precision_is_told() -> None:
    assert "float64" in narrowed(max_pool(np.zeros((1, 1, 4, 4)), 2, 2))


def test_a_window_of_padding_alone_is_refused() -> None:
    model = max_pool(normal(1, 1, 1), 4, strides=[3], dilations=[2], pads=[3, 3])
    assert "nothing but padding" in refusal(model)

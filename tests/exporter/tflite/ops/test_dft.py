import numpy as np
import pytest
from tests.exporter.tflite.harness import check, node_model
from tests.exporter.tflite.ops.numeric_support import nodes, refused, sample, told, verify

CLOSE = {"rtol": 1e-4, "atol": 1e-4}
FORMS = [(0, 0, 1), (0, 0, 2), (0, 1, 1), (1, 0, 2), (1, 1, 2)]


@pytest.mark.parametrize(("inverse", "onesided", "parts"), FORMS)
@pytest.mark.parametrize("length", [None, 5, 8, 12])
def test_dft(inverse: int, onesided: int, parts: int, length: int | None) -> None:
    arrays = [sample((2, 8, 3, parts))] + ([] if length is None else [np.array(length)])
    options = {"inverse": inverse, "onesided": onesided, "oracle": "reference", **CLOSE}
    verify("DFT", *arrays, constant=(1,), opset=17, axis=1, **options)


@pytest.mark.parametrize("axis", [None, 0, 1, -2])
def test_the_axis_is_an_input_since_opset_20(axis: int | None) -> None:
    x = {"x": sample((4, 4, 4, 1))}
    constants = {} if axis is None else {"axis": np.array(axis)}
    order = ["x"] if axis is None else ["x", "", "axis"]
    check(node_model("DFT", x, constants=constants, order=order, opset=20), x, **CLOSE)


def test_along_the_last_axis_but_one_nothing_moves() -> None:
    verify("DFT", sample((2, 3, 8, 1)), expect=["FULLY_CONNECTED", "RESHAPE"], **CLOSE)


@pytest.mark.parametrize("onesided", [0, 1])
@pytest.mark.parametrize("fixed", [(1,), (1, 2)])
def test_stft_with_a_window(onesided: int, fixed: tuple[int, ...]) -> None:
    arrays = sample((2, 128, 1)), np.array(8), sample((16,), positive=True)
    verify("STFT", *arrays, constant=fixed, onesided=onesided, **CLOSE)


def test_stft_of_complex_signals_and_without_a_window() -> None:
    verify("STFT", sample((2, 64, 2)), np.array(5), sample((16,)), constant=(1, 2), onesided=0, **CLOSE)
    x = {"x": sample((2, 64, 1))}
    constants = {"step": np.array(8), "length": np.array(16)}
    model = node_model("STFT", x, constants=constants, order=["x", "step", "", "length"], onesided=1)
    check(model, x, expect=["CONV_2D", "RESHAPE", "RESHAPE"], **CLOSE)


def test_refusals() -> None:
    x = sample((2, 8, 1))
    refused(nodes("DFT", x, np.array(8), opset=17), "dft_length", "run time")
    refused(nodes("DFT", sample((1, 8192, 1)), opset=17), "matrix")
    told(nodes("DFT", x.astype(np.float64), opset=17), "float64")
    refused(nodes("DFT", sample((2, 3)), opset=17), "last axis")
    refused(nodes("STFT", x, np.array(2), sample((4,)), onesided=1), "frame_step", "run time")
    refused(nodes("STFT", x, np.array(2), sample((4,)), constant=(1, 2)), "onesided")
    refused(nodes("STFT", x, np.array(2), sample((4,)), np.array(3), constant=(1, 2, 3), onesided=1), "window")

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import few, nodes, refused, sample, told, verify

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
PADDINGS = ["zeros", "border", "reflection"]


def places(shape: tuple[int, ...]) -> np.ndarray:
    """Inside of the image and up to one and a half of it outside."""
    return np.random.default_rng(5).uniform(-2.5, 2.5, shape).astype(np.float32)


@pytest.mark.parametrize("padding_mode", PADDINGS)
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("align_corners", [0, 1])
def test_images(mode: str, padding_mode: str, align_corners: int) -> None:
    options = {"mode": mode, "padding_mode": padding_mode, "align_corners": align_corners}
    verify("GridSample", sample((2, 3, 4, 4)), places((2, 3, 4, 2)), **options, **CLOSE)


@few
@given(st.sampled_from(PADDINGS), st.sampled_from(["nearest", "linear"]), st.sampled_from([0, 1]))
def test_volumes(padding_mode: str, mode: str, align_corners: int) -> None:
    options = {"mode": mode, "padding_mode": padding_mode, "align_corners": align_corners}
    verify("GridSample", sample((2, 2, 3, 3, 3)), places((2, 2, 3, 2, 3)), **options, **CLOSE)


@pytest.mark.parametrize("padding_mode", PADDINGS)
def test_axes_of_size_1(padding_mode: str) -> None:
    for align_corners in (0, 1):
        options = {"padding_mode": padding_mode, "align_corners": align_corners}
        verify("GridSample", sample((1, 1, 1, 1)), places((1, 2, 2, 2)), **options, **CLOSE)


def test_places_far_outside() -> None:
    grid = np.array([[[[1e9, 0], [-1e9, 0.5], [0, 1e9]]]], np.float32)
    verify("GridSample", sample((1, 2, 3, 3)), grid, **CLOSE)


def test_names_of_opset_16_and_a_constant_grid() -> None:
    arrays = sample((1, 3, 4, 5)), places((1, 2, 3, 2))
    expect = ["ADD"] * 3 + ["GATHER"] * 4 + ["MUL"] * 4 + ["PAD", "RESHAPE", "TRANSPOSE", "TRANSPOSE"]
    verify("GridSample", *arrays, constant=(1,), opset=16, mode="bilinear", expect=expect, **CLOSE)
    verify("GridSample", *arrays, constant=(1,), opset=16, mode="bicubic", **CLOSE)


def test_integers_and_float16() -> None:
    grid = places((1, 2, 3, 2))
    whole = sample((1, 3, 4, 5), "int32")
    verify("GridSample", whole, grid, mode="nearest", oracle="reference", rtol=0)
    verify("GridSample", sample((1, 3, 4, 5), "float16"), grid, oracle="reference", rtol=1e-2, atol=1e-2)


def test_refusals() -> None:
    grid = places((1, 2, 3, 2))
    told(nodes("GridSample", sample((1, 3, 4, 5)).astype(np.float64), grid), "float64")
    refused(nodes("GridSample", sample((1, 3, 4, 5)), grid, mode="spline"), "spline")

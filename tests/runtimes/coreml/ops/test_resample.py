from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

RNG = np.random.default_rng(0)
SMALL = np.array([11.0, 22.0, 33.0, 44.0], np.float32).reshape(1, 1, 2, 2)
PLACES = np.array([-1.0, -2.0, -3.7, -1.0, 0.0, 0.0, 3.5, 1.2], np.float32).reshape(1, 2, 2, 2)


def _resample(x: np.ndarray, coordinates: np.ndarray, **options: Any) -> np.ndarray:
    standard: dict[str, Any] = {
        "sampling_mode": "bilinear",
        "padding_mode": "constant",
        "padding_value": 0.0,
        "coordinates_mode": "normalized_minus_one_to_one",
        "align_corners": True,
    }
    return run("resample", "float32", x=x, coordinates=coordinates, **{**standard, **options})


@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({"padding_value": 6.17}, [8.585, 6.17, 27.5, 6.17]),
        (
            {
                "sampling_mode": "nearest",
                "padding_mode": "border",
                "coordinates_mode": "unnormalized",
                "align_corners": False,
            },
            [11, 11, 11, 44],
        ),
        ({"padding_mode": "reflection", "coordinates_mode": "normalized_zero_to_one"}, [22, 36.3, 11, 34.1]),
        (
            {
                "sampling_mode": "nearest",
                "padding_mode": "symmetric",
                "coordinates_mode": "normalized_zero_to_one",
                "align_corners": False,
            },
            [22, 33, 11, 33],
        ),
    ],
)
def test_numbers_that_coremltools_expects(options: dict[str, Any], want: list[float]) -> None:
    np.testing.assert_allclose(_resample(SMALL, PLACES, **options).flatten(), want, atol=1e-5)


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize(
    ("padding", "in_torch"), [("constant", "zeros"), ("border", "border"), ("reflection", "reflection")]
)
def test_as_grid_sample(align: bool, mode: str, padding: str, in_torch: str) -> None:
    if padding == "reflection":  # torch reflects at the edges of pixels, where corners are not aligned
        padding = "reflection" if align else "symmetric"
    x, places = RNG.normal(size=(2, 3, 5, 4)), RNG.uniform(-2.5, 2.5, (2, 6, 7, 2))
    x, places = x.astype(np.float32), places.astype(np.float32)
    want = F.grid_sample(torch.from_numpy(x), torch.from_numpy(places), mode, in_torch, align)
    got = _resample(x, places, sampling_mode=mode, padding_mode=padding, align_corners=align)
    np.testing.assert_allclose(got, want.numpy(), atol=2e-5)


def test_whole_coordinates_of_any_integer_type() -> None:
    for dtype in (np.int8, np.uint8, np.int16, np.int32):
        places = np.array([0, 0, 1, 1, 1, 0], dtype).reshape(1, 1, 3, 2)
        got = _resample(SMALL, places, coordinates_mode="unnormalized", opset="CoreML7")
        assert got.flatten().tolist() == [11, 44, 22]


def test_an_image_of_one_pixel_is_that_pixel() -> None:
    for padding in ("border", "reflection", "symmetric"):
        assert np.all(_resample(SMALL[..., :1, :1], PLACES, padding_mode=padding) == 11)


def _affine(x: np.ndarray, matrix: list[float], height: int, width: int, **options: Any) -> np.ndarray:
    standard: dict[str, Any] = {
        "sampling_mode": "bilinear",
        "padding_mode": "constant",
        "padding_value": 0.0,
        "coordinates_mode": "normalized_minus_one_to_one",
        "align_corners": True,
    }
    transform = np.array(matrix, np.float32).reshape(-1, 6)
    sizes = {"output_height": height, "output_width": width}
    return run("affine", "float32", x=x, transform_matrix=transform, **sizes, **{**standard, **options})


def test_affine() -> None:
    matrix = [-1.0, -2.0, -3.7, -1.0, 3.5, 1.2]
    got = _affine(SMALL, matrix, 3, 3).flatten()
    np.testing.assert_allclose(got, [10.7525, 2.5025, 0, 1.98, 0, 0, 0, 0, 0], atol=1e-5)
    got = _affine(SMALL, matrix, 2, 5).flatten()
    np.testing.assert_allclose(got, [10.7525, 5.94, 2.5025, 0.44, 0, 0, 0, 0, 0, 0], atol=1e-5)


@pytest.mark.parametrize("shared", [False, True])
def test_affine_is_torchs(shared: bool) -> None:
    x = RNG.normal(size=(2, 3, 5, 4)).astype(np.float32)
    matrices = RNG.uniform(-1, 1, (1 if shared else 2, 6)).astype(np.float32)
    theta = torch.from_numpy(np.broadcast_to(matrices, (2, 6)).reshape(2, 2, 3).copy())
    for size in [(6, 7), (2, 3)]:
        grid = F.affine_grid(theta, [2, 3, *size], align_corners=True)
        want = F.grid_sample(torch.from_numpy(x), grid, align_corners=True).numpy()
        np.testing.assert_allclose(_affine(x, matrices.tolist(), *size), want, atol=1e-5)


def test_affine_takes_a_single_row_from_the_middle() -> None:
    assert _affine(SMALL, [1, 0, 0, 0, 1, 0], 1, 2).flatten().tolist() == [22, 33]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"sampling_mode": "cubic"}, "no sampling_mode 'cubic'"),
        ({"padding_mode": "wrap"}, "no padding_mode 'wrap'"),
        ({"coordinates_mode": "pixels"}, "no coordinates_mode 'pixels'"),
        ({"x": SMALL[0]}, "coordinates of shape"),
        ({"coordinates": PLACES[..., :1]}, "coordinates of shape"),
    ],
)
def test_what_is_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(PortproofError, match=why):
        _resample(**{"x": SMALL, "coordinates": PLACES, **options})


@pytest.mark.parametrize(
    "options",
    [{"sampling_mode": "nearest"}, {"padding_value": 1.0}, {"align_corners": False}, {"padding_mode": "border"}],
)
def test_affine_knows_one_way_only(options: dict[str, Any]) -> None:
    with pytest.raises(PortproofError, match="affine exists for"):
        _affine(SMALL, [1, 0, 0, 0, 1, 0], 2, 2, **options)

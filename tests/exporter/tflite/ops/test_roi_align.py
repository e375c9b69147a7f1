import numpy as np
import pytest
from tests.exporter.tflite.ops.numeric_support import nodes, refused, sample, told, verify

ROIS = np.array([[0, 0, 7.3, 5], [2, 1.4, 3, 9], [-6, -6, 20, 20], [1, 1, 1.2, 1.1]], np.float32)
IMAGES = np.array([0, 1, 1, 0])
CLOSE = {"rtol": 1e-4, "atol": 1e-5, "opset": 16}


@pytest.mark.parametrize("mode", ["avg", "max"])
@pytest.mark.parametrize("transform", ["half_pixel", "output_half_pixel"])
@pytest.mark.parametrize("constant", [(), (1, 2)])
def test_regions(mode: str, transform: str, constant: tuple[int, ...]) -> None:
    options = {"mode": mode, "coordinate_transformation_mode": transform, "spatial_scale": 0.9, "sampling_ratio": 2}
    arrays = sample((2, 3, 8, 8)), ROIS, IMAGES
    verify("RoiAlign", *arrays, constant=constant, output_height=3, output_width=2, **options, **CLOSE)


@pytest.mark.parametrize("mode", ["avg", "max"])
def test_as_many_samples_as_a_constant_region_needs(mode: str) -> None:
    arrays = sample((2, 3, 8, 9)), ROIS, IMAGES
    verify("RoiAlign", *arrays, constant=(1, 2), mode=mode, output_height=2, output_width=2, **CLOSE)


def test_the_first_version_has_no_offset_of_half_a_pixel() -> None:
    arrays = sample((2, 3, 8, 9)), ROIS, IMAGES
    verify("RoiAlign", *arrays, sampling_ratio=1, output_height=2, output_width=2, **{**CLOSE, "opset": 10})


def test_float16() -> None:
    arrays = sample((1, 2, 4, 4), "float16"), ROIS[:1].astype(np.float16), IMAGES[:1]
    verify("RoiAlign", *arrays, constant=(1, 2), sampling_ratio=1, oracle="reference", rtol=1e-2, atol=1e-2)


def test_refusals() -> None:
    refused(nodes("RoiAlign", sample((2, 3, 8, 9)), ROIS, IMAGES), "sampling_ratio")
    wide = (array.astype(np.float64) for array in (sample((2, 3, 8, 9)), ROIS))
    told(nodes("RoiAlign", *wide, IMAGES, sampling_ratio=1), "float64")

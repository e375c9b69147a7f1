from typing import Any

import numpy as np
import pytest

from portproof.runtimes.coreml.pixels import MisfitError, to_image, to_program
from portproof.runtimes.coreml.program import Feature, ImageType, SizeRange
from portproof.runtimes.spec import Array

RGB = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
GRAY = np.arange(6, dtype=np.uint8).reshape(2, 3)


def _feature(colorspace: str, **options: Any) -> Feature:
    return Feature(name="photo", kind="image", image=ImageType(colorspace=colorspace, height=2, width=3), **options)


def _fault(value: Any, feature: Feature) -> tuple[str, str]:
    with pytest.raises(MisfitError) as caught:
        to_program(value, feature)
    return caught.value.code, str(caught.value)


@pytest.mark.parametrize(("colorspace", "first"), [("RGB", 0), ("BGR", 2)])
def test_colours_come_in_the_feature_s_order(colorspace: str, first: int) -> None:
    feature = _feature(colorspace)
    made = to_program(RGB, feature)
    assert made.dtype == np.float32
    assert made.shape == (1, 3, 2, 3)
    np.testing.assert_array_equal(made[0, 0], RGB[:, :, first])
    np.testing.assert_array_equal(made[0, 1], RGB[:, :, 1])
    np.testing.assert_array_equal(to_image(made, feature), RGB)


def test_gray() -> None:
    made = to_program(GRAY, _feature("GRAYSCALE"))
    np.testing.assert_array_equal(made, GRAY[None, None])
    np.testing.assert_array_equal(to_image(made, _feature("GRAYSCALE")), GRAY)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "int64", "float16"])
def test_an_array_in_the_program_s_own_shape_is_taken_as_it_is(dtype: str) -> None:
    own = np.arange(18).reshape(1, 3, 2, 3).astype(dtype)
    np.testing.assert_array_equal(to_program(own, _feature("BGR")), own)


def test_pillow_images() -> None:
    image = pytest.importorskip("PIL.Image")
    np.testing.assert_array_equal(to_program(image.fromarray(RGB), _feature("BGR"))[0, 2], RGB[:, :, 0])
    np.testing.assert_array_equal(to_program(image.fromarray(GRAY), _feature("GRAYSCALE"))[0, 0], GRAY)
    floats = GRAY.astype(np.float32) / 2
    np.testing.assert_array_equal(to_program(image.fromarray(floats), _feature("GRAYSCALE_FLOAT16"))[0, 0], floats)
    code, why = _fault(image.fromarray(GRAY), _feature("RGB"))
    assert (code, "mode RGB" in why) == ("E-DATA-DTYPE", True)


@pytest.mark.parametrize(
    ("value", "colorspace", "code"),
    [
        (GRAY, "RGB", "E-DATA-SHAPE"),
        (RGB, "GRAYSCALE", "E-DATA-SHAPE"),
        (RGB.transpose(2, 0, 1), "RGB", "E-DATA-SHAPE"),
        (RGB[:1], "RGB", "E-DATA-SHAPE"),
        (RGB[None], "RGB", "E-DATA-SHAPE"),
        (RGB.astype(np.float32), "RGB", "E-DATA-DTYPE"),
        (np.full((1, 3, 2, 3), 0.5), "RGB", "E-DATA-DTYPE"),
        (np.full((1, 3, 2, 3), 256), "RGB", "E-DATA-DTYPE"),
        (np.full((1, 3, 2, 3), -1), "RGB", "E-DATA-DTYPE"),
        (np.full((1, 3, 2, 3), np.nan), "RGB", "E-DATA-DTYPE"),
        (np.full((2, 3), 1e6), "GRAYSCALE_FLOAT16", "E-DATA-DTYPE"),
        (np.full((2, 3), "a"), "GRAYSCALE", "E-DATA-DTYPE"),
    ],
)
def test_what_is_no_such_image(value: Array, colorspace: str, code: str) -> None:
    with np.errstate(over="ignore"):
        assert _fault(value, _feature(colorspace))[0] == code


def test_floats_are_an_image_of_float16() -> None:
    made = to_program(np.full((2, 3), 0.25, np.float16), _feature("GRAYSCALE_FLOAT16"))
    assert made[0, 0, 0, 0] == 0.25
    assert to_image(made, _feature("GRAYSCALE_FLOAT16")).dtype == np.float16


def test_sizes() -> None:
    listed = _feature("GRAYSCALE", enumerated=((4, 4),))
    ranged = _feature("GRAYSCALE", ranges=(SizeRange(lower=2, upper=None), SizeRange(lower=2, upper=4)))
    for feature, size in ((listed, (2, 3)), (listed, (4, 4)), (ranged, (99, 4))):
        assert to_program(np.zeros(size, np.uint8), feature).shape[2:] == size
    for feature, size in ((listed, (4, 3)), (ranged, (1, 2)), (ranged, (2, 5))):
        code, why = _fault(np.zeros(size, np.uint8), feature)
        assert code == "E-DATA-SHAPE"
        assert f"{size[0]} x {size[1]}" in why


def test_results_are_rounded_and_cut() -> None:
    values = np.array([-1, 0.5, 1.5, 254.6, 300, np.nan], np.float32).reshape(1, 1, 2, 3)
    assert to_image(values, _feature("GRAYSCALE")).ravel().tolist() == [0, 0, 2, 255, 255, 0]

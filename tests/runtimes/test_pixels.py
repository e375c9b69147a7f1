from pathlib import Path

import numpy as np
import pytest

from portproof.runtimes.images import Preprocessing, load_image
from portproof.runtimes.pixels import PixelScale, from_pixels, to_pixels

IMAGENET = Preprocessing(size=(4, 5), resize=(4, 5), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def pixels(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (1, channels, 4, 5)).astype(np.float32)


def test_one_value_for_each_channel_in_units_of_pixels() -> None:
    scale = PixelScale.of(Preprocessing(size=(4, 5), resize=(4, 5), mean=(0.5,), std=(0.25, 0.5, 1.0)))
    assert scale.mean == pytest.approx((127.5, 127.5, 127.5))
    assert scale.std == pytest.approx((63.75, 127.5, 255))
    assert len(PixelScale.of(Preprocessing(size=(4, 5), resize=(4, 5), channels="gray")).std) == 1


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_there_and_back(dtype: str, layout: str) -> None:
    scale = PixelScale.of(Preprocessing(**{**IMAGENET.__dict__, "layout": layout}))
    made = from_pixels(pixels(), scale, dtype)
    assert (made.dtype, made.shape) == (np.dtype(dtype), (1, 3, 4, 5) if layout == "nchw" else (1, 4, 5, 3))
    back = to_pixels(made, scale)
    np.testing.assert_array_equal(back.values, pixels())
    assert (back.whole, back.values.dtype) == (True, np.uint8)


def test_what_an_image_file_becomes_goes_back_to_its_pixels(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    shown = pixels().astype(np.uint8)[0].transpose(1, 2, 0)
    image.fromarray(shown).save(tmp_path / "a.png")
    for channels, order in (("rgb", [0, 1, 2]), ("bgr", [2, 1, 0])):
        declared = Preprocessing(**{**IMAGENET.__dict__, "channels": channels})
        back = to_pixels(load_image(tmp_path / "a.png", declared, "float32"), PixelScale.of(declared))
        np.testing.assert_array_equal(back.values[0].transpose(1, 2, 0), shown[:, :, order])


def test_values_of_no_pixel_go_to_the_nearest() -> None:
    scale = PixelScale.of(IMAGENET)
    values = np.minimum(pixels(), 254) + 0.25
    back = to_pixels(from_pixels(values, scale, "float32"), scale)
    assert not back.whole
    assert back.off == pytest.approx(0.25, abs=1e-4)
    np.testing.assert_array_equal(back.values, values - 0.25)
    again = to_pixels(from_pixels(back.values, scale, "float32"), scale)
    assert again.whole
    np.testing.assert_array_equal(again.values, back.values)


@pytest.mark.parametrize("outside", [-1.0, 256.0])
def test_values_beyond_the_brightest_are_no_pixels(outside: float) -> None:
    scale = PixelScale.of(IMAGENET)
    values = pixels()
    values[0, 1, 2, 3] = outside
    back = to_pixels(from_pixels(values, scale, "float32"), scale)
    assert (back.whole, round(back.off, 3)) == (False, 1.0)


def test_whole_numbers() -> None:
    as_they_are = PixelScale.of(Preprocessing(size=(4, 5), resize=(4, 5), scale=1.0))
    array = pixels().astype(np.uint8)
    assert to_pixels(array, as_they_are).whole
    np.testing.assert_array_equal(to_pixels(array, as_they_are).values, pixels())
    shifted = PixelScale.of(Preprocessing(size=(4, 5), resize=(4, 5), scale=1.0, mean=(128.0,)))
    signed = (pixels() - 128).astype(np.int8)
    np.testing.assert_array_equal(to_pixels(signed, shifted).values, pixels())
    assert not to_pixels(np.full((1, 3, 4, 5), -200, np.int16), shifted).whole


def test_a_record_can_be_read_back() -> None:
    scale = PixelScale.of(IMAGENET)
    assert PixelScale.read(scale.as_dict()) == scale

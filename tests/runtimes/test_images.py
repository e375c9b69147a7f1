from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.images import load_image, parse_preprocessing

PIXELS = np.random.default_rng(0).integers(256, size=(40, 60, 3), dtype="uint8")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.fromarray(PIXELS).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def loaded(path: Path, dtype: str = "float32", **options: object) -> np.ndarray:
    return load_image(path, parse_preprocessing(options, "test"), dtype)


def test_no_change_but_the_scale(photo: Path) -> None:
    got = loaded(photo, size="40x60")
    assert got.shape == (1, 3, 40, 60)
    assert got.dtype == np.float32
    assert got.flags.c_contiguous
    assert np.array_equal(got[0].transpose(1, 2, 0), PIXELS * np.float32(1 / 255))


def test_layout_channels_and_normalisation(photo: Path) -> None:
    got = loaded(photo, size="40x60", layout="nhwc", channels="bgr", scale="1", mean="1,2,3", std="2")
    assert got.shape == (1, 40, 60, 3)
    assert np.allclose(got[0], (PIXELS[:, :, ::-1].astype("float32") - [1, 2, 3]) / 2)


def test_gray_and_whole_numbers(photo: Path) -> None:
    got = loaded(photo, "uint8", size="40x60", channels="gray", scale="1")
    assert got.shape == (1, 1, 40, 60)
    assert np.array_equal(got[0, 0], np.asarray(Image.open(photo).convert("L")))
    signed = loaded(photo, "int8", size="40x60", scale=1, mean=128)
    assert np.array_equal(signed[0, 0], (PIXELS[:, :, 0].astype(int) - 128).astype("int8"))


def test_shorter_side_and_center_crop_as_torchvision_does(photo: Path) -> None:
    got = loaded(photo, size="20x20", resize="24", scale="1")
    resized = np.asarray(Image.open(photo).resize((36, 24), Image.Resampling.BILINEAR), "float32")
    assert np.array_equal(got[0].transpose(1, 2, 0), resized[2:22, 8:28])
    turned = photo.with_name("turned.png")
    Image.fromarray(PIXELS.transpose(1, 0, 2)).save(turned)
    assert loaded(turned, size="20x20", resize="24").shape == (1, 3, 20, 20)


def test_exact_size_stretches(photo: Path) -> None:
    got = loaded(photo, size="10", mode="nearest", scale=1)
    expected = np.asarray(Image.open(photo).resize((10, 10), Image.Resampling.NEAREST), "float32")
    assert np.array_equal(got[0].transpose(1, 2, 0), expected)


def test_too_small_for_the_crop(photo: Path) -> None:
    for options in ({"resize": "10"}, {"resize": "24", "crop": "none"}):
        with pytest.raises(PortproofError, match="after resizing") as caught:
            loaded(photo, size="20x20", **options)
        assert caught.value.code == "E-DATA-SHAPE"


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_what_is_no_image(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(PortproofError, match="not a readable image") as caught:
        loaded(path, size="4")
    assert caught.value.code == "E-DATA-FORMAT"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "preprocessing declared"),
        ({"size": "4", "means": "1"}, "did you mean mean?"),
        ({"size": "4", "qqqq": "1"}, "keys are size, resize"),
        ({"size": "0"}, "size=0"),
        ({"size": "1x2x3"}, "makes no sense"),
        ({"size": "4", "mode": "cubic"}, "bilinear, bicubic"),
        ({"size": "4", "scale": "1/0"}, "makes no sense"),
        ({"size": "4", "scale": "nan"}, "makes no sense"),
        ({"size": "4", "mean": "1,2"}, "mean has 2 values for 3 channels"),
        ({"size": "4", "std": "0"}, "std holds a zero"),
        ({"size": 4, "mean": {}}, "makes no sense"),
    ],
)
def test_declarations_that_make_no_sense(options: dict[str, object], text: str) -> None:
    with pytest.raises(PortproofError) as caught:
        parse_preprocessing(options, "photos/")
    assert caught.value.code == "E-DATA-FORMAT"
    assert text in str(caught.value)


def test_declaration_is_recorded_whole() -> None:
    declared = parse_preprocessing({"size": "224", "resize": "256"}, "photos/")
    assert declared.as_dict() == {
        "size": [224, 224],
        "resize": 256,
        "mode": "bilinear",
        "crop": "center",
        "scale": 1 / 255,
        "mean": [0.0],
        "std": [1.0],
        "channels": "rgb",
        "layout": "nchw",
        "input": "",
    }

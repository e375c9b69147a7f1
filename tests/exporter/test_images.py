from pathlib import Path

import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.images import parse, resolve
from portproof.runtimes.spec import TensorSpec

PHOTO = TensorSpec(name="photo", shape=(1, 3, 6, 8), dtype="float32")
MASK = TensorSpec(name="mask", shape=(1, 6, 8, 1), dtype="float32")
ROW = TensorSpec(name="row", shape=(1, 4), dtype="float32")
FREE = TensorSpec(name="free", shape=(None, 3, None, None), dtype="float32")


def resolved(text: str, *specs: TensorSpec):
    (found,) = resolve([parse(text)], {"serving_default": specs or (PHOTO,)})
    return found.preprocessing


@pytest.mark.parametrize("text", ["photo", "photo?", "scale=1/255", "photo?scale=1/255", "input=photo"])
def test_the_name_and_the_keys_may_be_left_out(text: str) -> None:
    found = resolved(text)
    assert (found.input, found.size, found.resize, found.channels) == ("photo", (6, 8), (6, 8), "rgb")
    assert found.scale == 1 / 255


def test_mean_and_deviation_in_units_of_pixels() -> None:
    found = resolved("photo?mean=0.5&std=0.25,0.5,1")
    assert found.pixel_mean == pytest.approx((127.5,))
    assert found.pixel_std == pytest.approx((63.75, 127.5, 255))
    assert resolved("photo?scale=1&mean=127.5&std=127.5").pixel_mean == (127.5,)


def test_the_same_keys_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "photo.toml"
    path.write_text('input = "photo"\nmean = [0.485, 0.456, 0.406]\nresize = 10\n')
    found = resolved(str(path))
    assert (found.mean, found.resize, found.input) == ((0.485, 0.456, 0.406), 10, "photo")
    path.write_text("mean = [")
    with pytest.raises(PortproofError, match="not a TOML file"):
        parse(str(path))
    with pytest.raises(PortproofError) as caught:
        parse(str(tmp_path / "phote.toml"))
    assert (caught.value.code, caught.value.messages[0].hint) == ("E-FILE-MISSING", "did you mean photo.toml?")


def test_channels_last_and_gray() -> None:
    assert resolved("mask?layout=nhwc&channels=gray", PHOTO, MASK).size == (6, 8)


def test_sizes_that_are_not_fixed_are_declared() -> None:
    assert resolved("free?size=224", FREE).size == (224, 224)
    with pytest.raises(PortproofError) as caught:
        resolved("free", FREE)
    assert caught.value.messages[0].hint == "the input's own is not known: give size=224"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("photo?mena=1", "'mena' is not a key of image preprocessing"),
        ("photo?mean=x", "mean=x makes no sense"),
        ("photo?scale=0", "scale is zero"),
        ("photo?std=1,0,1", "std holds a zero"),
        ("photo?mean", "it is not NAME?key=value"),
        ("photo?channels=gray", "photo: float32[1, 3, 6, 8] has 3 channels in nchw, gray has 1"),
        ("photo?layout=nhwc", "photo: float32[1, 3, 6, 8] has 8 channels in nhwc, rgb has 3"),
        ("photo?size=224", "photo: float32[1, 3, 6, 8] is 6x8, not 224x224"),
        ("row", "row: float32[1, 4] is no batch of pictures: it has 2 axes"),
    ],
)
def test_what_makes_no_sense(text: str, why: str) -> None:
    with pytest.raises(PortproofError) as caught:
        resolved(text, PHOTO, ROW)
    (message,) = caught.value.messages
    assert (message.code, message.what) == ("E-USAGE", f"--image {text} cannot be used")
    assert why in message.why


def test_everything_that_is_wrong_comes_at_once() -> None:
    texts = ["photo", "photo?mean=1", "phoot", "row"]
    with pytest.raises(PortproofError) as caught:
        resolve([parse(text) for text in texts], {"serving_default": (PHOTO, ROW)})
    first, second, third = caught.value.messages
    assert first.why == "input 'photo' is declared twice"
    assert (second.what, second.hint) == ("--image phoot: there is no input 'phoot'", "Did you mean photo?")
    assert "row" in third.why

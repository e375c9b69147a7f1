"""Image folders as data: the preprocessing is declared, never guessed.

``photos/?size=224&resize=256&mean=0.485,0.456,0.406&std=0.229,0.224,0.225`` or the same keys in a TOML file:

    folder = "photos"            # relative to the TOML file
    size = 224
    resize = 256
    mean = [0.485, 0.456, 0.406]

| key | values | default | meaning |
|---|---|---|---|
| size | ``224`` or ``HxW`` | required | what the model gets |
| resize | ``256`` or ``HxW`` | `size` | first step: the shorter side, keeping the ratio; or exactly H x W |
| mode | nearest, bilinear, bicubic, lanczos, box, hamming | bilinear | its filter (Pillow's, which
antialiases) | | crop | center, none | center | second step, where `resize` left more than `size` | | scale |
number or fraction | 1/255 | third step: the 0..255 values are multiplied by it | | mean, std | one number or
one a channel | 0, 1 | fourth step: ``(value - mean) / std`` | | channels | rgb, bgr, gray | rgb | order; gray
is one channel | | layout | nchw, nhwc | nchw | order of the axes | | input | name | the only input | which
input gets the image |

The steps and their rounding are those of torchvision's ``Resize``, ``CenterCrop``, ``ToTensor``,
``Normalize``. The result has a leading dimension of 1 and the type of the model's input.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.feed import near_matches
from portproof.runtimes.spec import Array

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".gif"})
_MODES = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
_CHOICES = {
    "mode": _MODES,
    "crop": ("center", "none"),
    "channels": ("rgb", "bgr", "gray"),
    "layout": ("nchw", "nhwc"),
}
KEYS = ("size", "resize", "mode", "crop", "scale", "mean", "std", "channels", "layout", "input")


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """From an image file to a model's input; the module's docstring explains each field.

    Attributes:
        size: (height, width) in pixels.
        resize: the shorter side in pixels, or (height, width).
    """

    size: tuple[int, int]
    resize: int | tuple[int, int]
    mode: str = "bilinear"
    crop: Literal["center", "none"] = "center"
    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    channels: Literal["rgb", "bgr", "gray"] = "rgb"
    layout: Literal["nchw", "nhwc"] = "nchw"
    input: str = ""

    @property
    def pixel_mean(self) -> tuple[float, ...]:
        """The mean in units of pixels 0..255: the input is (pixel - pixel_mean) / pixel_std."""
        return tuple(value / self.scale for value in self.mean)

    @property
    def pixel_std(self) -> tuple[float, ...]:
        """The deviation in units of pixels 0..255."""
        return tuple(value / self.scale for value in self.std)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data, for the manifest."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def parse_preprocessing(options: Mapping[str, Any], where: str) -> Preprocessing:
    """The preprocessing that a query string or a TOML file declares.

    Args:
        options: key to text (a query) or to a TOML value.
        where: what declares it, for messages.

    Raises:
        PortproofError: ``E-DATA-FORMAT`` for an unknown key or a value that makes no sense.
    """
    for key in options:
        if key not in KEYS:
            near = near_matches(key, KEYS)
            hint = f"did you mean {near[0]}?" if near else f"keys are {', '.join(KEYS)}"
            raise _wrong(where, f"{key!r} is not a key of image preprocessing", hint)
    if "size" not in options:
        raise _wrong(where, "images need their preprocessing declared", "at least the size: photos/?size=224")
    values: dict[str, Any] = {}
    for key, value in options.items():
        try:
            values[key] = _parse(key, value)
        except (ValueError, TypeError, ZeroDivisionError):
            hint = f"one of {', '.join(_CHOICES[key])}" if key in _CHOICES else ""
            raise _wrong(where, f"{key}={value} makes no sense", hint) from None
    size = values.pop("size")
    size = (size, size) if isinstance(size, int) else size
    return _checked(Preprocessing(size=size, resize=values.pop("resize", size), **values), where)


def load_image(path: Path, declared: Preprocessing, dtype: str) -> Array:
    """One image as the model's input: [1, C, H, W] or [1, H, W, C] of `dtype`.

    Raises:
        PortproofError: ``E-INSTALL`` without Pillow; ``E-DATA-FORMAT`` for what is no image; ``E-DATA-SHAPE``
            when it is smaller than the crop.
    """
    pixels = _pixels(path, declared)
    if declared.channels == "bgr":
        pixels = pixels[:, :, ::-1]
    values: Array = pixels.astype(np.float32) * np.float32(declared.scale)
    values = (values - np.array(declared.mean, np.float32)) / np.array(declared.std, np.float32)
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    if declared.layout == "nchw":
        values = values.transpose(2, 0, 1)
    return np.ascontiguousarray(values[None]).astype(dtype)


def _pixels(path: Path, declared: Preprocessing) -> Array:
    """The resized and cropped image, uint8 [H, W, C]."""
    image_module = _pillow()
    try:
        with image_module.open(path) as opened:
            image = opened.convert("L" if declared.channels == "gray" else "RGB")
            width, height = _resized(declared.resize, image.size)
            image = image.resize((width, height), getattr(image_module.Resampling, declared.mode.upper()))
    # Pillow's decoders raise whatever their format's parser met, and a bomb is a plain Exception.
    except Exception as error:
        raise PortproofError(
            "E-DATA-FORMAT", f"{path.name} is not a readable image", where=str(path), why=str(error)
        ) from error
    pixels = np.asarray(image)
    return _cropped(pixels.reshape(*pixels.shape[:2], -1), declared, path)


def _resized(resize: int | tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Width and height after resizing an image of width and height `size`."""
    width, height = size
    if not isinstance(resize, int):
        return resize[1], resize[0]
    if width <= height:
        return resize, int(resize * height / width)
    return int(resize * width / height), resize


def _cropped(pixels: Array, declared: Preprocessing, path: Path) -> Array:
    height, width = declared.size
    if pixels.shape[:2] == (height, width):
        return pixels
    if declared.crop == "none" or pixels.shape[0] < height or pixels.shape[1] < width:
        raise PortproofError(
            "E-DATA-SHAPE",
            f"{path.name} is {pixels.shape[0]}x{pixels.shape[1]} after resizing, the model wants {height}x{width}",
            where=str(path),
            hint="set resize to size, or larger than it with crop=center",
        )
    top = round((pixels.shape[0] - height) / 2)
    left = round((pixels.shape[1] - width) / 2)
    return pixels[top : top + height, left : left + width]


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise PortproofError(
            "E-INSTALL", "reading images needs Pillow", hint="pip install 'portproof[images]'"
        ) from error
    return Image


def _parse(key: str, value: Any) -> Any:
    if key == "input":
        return str(value)
    if key in _CHOICES:
        if value not in _CHOICES[key]:
            raise ValueError
        return value
    if key in ("size", "resize"):
        return _pair(value)
    if key == "scale":
        return _fraction(value)
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(_fraction(part) for part in (parts if isinstance(parts, list) else [parts]))


def _pair(value: Any) -> int | tuple[int, int]:
    parts = value.lower().split("x") if isinstance(value, str) else value
    sizes = tuple(int(part) for part in (parts if isinstance(parts, list) else [parts]))
    if len(sizes) > 2 or min(sizes) < 1:
        raise ValueError
    return sizes[0] if len(sizes) == 1 else cast(tuple[int, int], sizes)


def _fraction(value: Any) -> float:
    number = float(Fraction(value.strip())) if isinstance(value, str) else float(value)
    if not np.isfinite(number):
        raise ValueError
    return number


def _checked(declared: Preprocessing, where: str) -> Preprocessing:
    count = 1 if declared.channels == "gray" else 3
    for key, values in (("mean", declared.mean), ("std", declared.std)):
        if len(values) not in (1, count):
            raise _wrong(where, f"{key} has {len(values)} values for {count} channels", "")
    if not all(declared.std):
        raise _wrong(where, "std holds a zero", "")
    if not declared.scale:
        raise _wrong(where, "scale is zero", "")
    return declared


def _wrong(where: str, why: str, hint: str) -> PortproofError:
    return PortproofError("E-DATA-FORMAT", f"the data {where} cannot be read", where=where, why=why, hint=hint)

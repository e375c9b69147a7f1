"""Images as a program's tensors and back.

A program sees an image as [1, channels, height, width], values 0 to 255, the channels in the order that its feature
declares. Callers see [height, width, 3] in the order red, green, blue, or [height, width].
"""

from typing import Any

import numpy as np

from portproof.runtimes.coreml.program import Feature, ImageType
from portproof.runtimes.spec import Array

_MODES = {"RGB": "RGB", "BGR": "RGB", "GRAYSCALE": "L", "GRAYSCALE_FLOAT16": "F"}


class MisfitError(ValueError):
    """What was given does not fit its feature; `code` is the one to raise."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def to_program(value: Any, feature: Feature) -> Array:
    """An image as float32 [1, channels, height, width], in the program's order of colours.

    Args:
        value: uint8 [height, width, 3] or [height, width]; a Pillow image; or an array in the program's own shape,
            which is taken as it is. For ``GRAYSCALE_FLOAT16`` [height, width] of floats.
        feature: an image input.

    Raises:
        MisfitError: another type, shape or size; values that no image holds.
    """
    image = _image_type(feature)
    if hasattr(value, "getbands"):
        if value.mode != _MODES[image.colorspace]:
            raise MisfitError(
                "E-DATA-DTYPE",
                f"a Pillow image of mode {_MODES[image.colorspace]} is needed, not {value.mode}",
            )
        value = np.asarray(value)
    array = np.asarray(value)
    channels = 1 if image.colorspace.startswith("GRAYSCALE") else 3
    if array.ndim == 4 and array.shape[:2] == (1, channels):
        planes = array
    elif array.ndim == 2 and channels == 1:
        planes = array[None, None]
    elif array.ndim == 3 and channels == 3 and array.shape[2] == 3:
        ordered = array[:, :, ::-1] if image.colorspace == "BGR" else array
        planes = ordered.transpose(2, 0, 1)[None]
    else:
        wanted = "[height, width]" if channels == 1 else "[height, width, 3]"
        raise MisfitError("E-DATA-SHAPE", f"{wanted} or [1, {channels}, height, width] is needed")
    _check_values(array, image, as_given=array.ndim == 4)
    _check_size((planes.shape[2], planes.shape[3]), feature, image)
    return planes.astype(np.float32)


def _image_type(feature: Feature) -> ImageType:
    if feature.image is None:
        raise ValueError(f"{feature.name} is no image")
    return feature.image


def _check_values(array: Array, image: ImageType, *, as_given: bool) -> None:
    if array.dtype.kind not in "buif":
        raise MisfitError("E-DATA-DTYPE", f"numbers are needed, not {array.dtype}")
    if image.colorspace == "GRAYSCALE_FLOAT16":
        if not np.isfinite(array.astype(np.float16)).all():
            raise MisfitError("E-DATA-DTYPE", "a value is beyond the range of float16")
        return
    if array.dtype == np.uint8:
        return
    if not as_given:
        raise MisfitError("E-DATA-DTYPE", f"uint8 is needed, not {array.dtype}")
    with np.errstate(invalid="ignore"):
        whole = (array >= 0) & (array <= 255) & (array == np.floor(array))
    if not whole.all():
        raise MisfitError("E-DATA-DTYPE", "an image holds whole numbers from 0 to 255, and nothing else reaches it")


def _check_size(size: tuple[int, int], feature: Feature, image: ImageType) -> None:
    if feature.ranges:
        fits = all(
            limit.lower <= got and (limit.upper is None or got <= limit.upper)
            for limit, got in zip(feature.ranges, size, strict=True)
        )
    else:
        fits = size in {(image.height, image.width), *feature.enumerated}
    if not fits:
        raise MisfitError("E-DATA-SHAPE", f"{size[0]} x {size[1]} pixels (height x width) are none of its sizes")


def planes(array: Array, feature: Feature) -> Array:
    """A program's result as pixel values, its layout kept: rounded to whole numbers (ties to even), cut at 0 and 255.

    Float16 for ``GRAYSCALE_FLOAT16``, unchanged.
    """
    if _image_type(feature).colorspace == "GRAYSCALE_FLOAT16":
        return array.astype(np.float16)
    whole: Array = np.rint(np.nan_to_num(array, nan=0.0))
    return whole.clip(0, 255).astype(np.uint8)


def to_image(array: Array, feature: Feature) -> Array:
    """A program's [1, channels, height, width] as [height, width, 3], red first, or as [height, width]."""
    values: Array = planes(array, feature)[0]
    if len(values) == 1:
        return np.asarray(values[0])
    ordered = values[::-1] if _image_type(feature).colorspace == "BGR" else values
    return np.ascontiguousarray(ordered.transpose(1, 2, 0))

"""Pixels and the values that a model makes of them: a format whose input is a picture does that arithmetic itself.

A model's input is (pixel - mean) / std of pixels 0..255. A Core ML package that takes pictures is given the pixels, so
what was made for the source has to go back.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from portproof.runtimes.images import Preprocessing
from portproof.runtimes.spec import Array

BRIGHTEST = 255


@dataclass(frozen=True, kw_only=True)
class PixelScale:
    """How pixels become the input's values.

    Attributes:
        mean: one for each channel, in units of pixels 0..255.
        std: one for each channel, in the same units.
        channels: their order in the input; ``"gray"`` is one.
        layout: the order of the input's axes.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels: Literal["rgb", "bgr", "gray"]
    layout: Literal["nchw", "nhwc"]

    @classmethod
    def of(cls, declared: Preprocessing) -> "PixelScale":
        """What a declared preprocessing does to pixels, once they have the right size."""
        count = 1 if declared.channels == "gray" else 3
        return cls(
            mean=_each(declared.pixel_mean, count),
            std=_each(declared.pixel_std, count),
            channels=declared.channels,
            layout=declared.layout,
        )

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "PixelScale":
        """From `as_dict`."""
        return cls(**{**data, "mean": tuple(data["mean"]), "std": tuple(data["std"])})

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data, for a record in a package."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class Pixels:
    """The pixels nearest to an input.

    Attributes:
        values: uint8 [N, C, H, W].
        whole: whether the input was made of them; where not, `from_pixels` gives the input that they make.
        off: the largest distance of the input from what a pixel makes, in pixels.
    """

    values: Array
    whole: bool
    off: float


def to_pixels(array: Array, scale: PixelScale) -> Pixels:
    """The pixels that an input was made of, or the nearest.

    Args:
        array: the source's input: [N, C, H, W] or [N, H, W, C], by `scale.layout`; floats or whole numbers.
        scale: how it was made.

    Floats that a pixel gives but for rounding count as made of it.
    """
    exact = _first(array, scale).astype(np.float64) * _column(scale.std) + _column(scale.mean)
    nearest = np.clip(np.rint(exact), 0, BRIGHTEST).astype(np.uint8)
    distance = np.abs(exact - nearest)
    if array.dtype.kind in "iu":
        whole = bool((from_pixels(nearest, scale, array.dtype) == array).all())
    else:
        whole = bool((distance <= _rounding(array, scale)).all())
    return Pixels(values=nearest, whole=whole, off=float(distance.max(initial=0)))


def from_pixels(values: Array, scale: PixelScale, dtype: Any) -> Array:
    """The source's input of `dtype`, in its layout, from pixels [N, C, H, W]."""
    made = (values.astype(np.float32) - _column(scale.mean, np.float32)) / _column(scale.std, np.float32)
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        made = np.clip(np.rint(made), limits.min, limits.max)
    made = made.transpose(0, 2, 3, 1) if scale.layout == "nhwc" else made
    return np.ascontiguousarray(made).astype(dtype)


def _each(values: tuple[float, ...], count: int) -> tuple[float, ...]:
    return values * count if len(values) == 1 else values


def _first(array: Array, scale: PixelScale) -> Array:
    """With the channels in front."""
    return array.transpose(0, 3, 1, 2) if scale.layout == "nhwc" else array


def _column(values: tuple[float, ...], dtype: Any = np.float64) -> Array:
    return np.array(values, dtype).reshape(1, -1, 1, 1)


def _rounding(array: Array, scale: PixelScale) -> Array:
    """What rounding may have moved each value by, in pixels: in its own type at the end, in float32 on the way."""
    own = np.finfo(array.dtype).eps * np.abs(_first(array, scale).astype(np.float64) * _column(scale.std))
    way = 8 * np.finfo(np.float32).eps * (BRIGHTEST + np.abs(_column(scale.mean)))
    result: Array = own + way
    return result

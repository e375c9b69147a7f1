"""Where the samples of a resized axis lie and how they are weighted: numbers only, by the rules of ONNX's Resize.

Coordinates are computed in float32 in the order of ONNX Runtime's `upsamplebase.h`, so that ties fall as they do there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.exporter.lowering.refusal import Refusal

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis to be resized.

    Attributes:
        size: entries before.
        out: entries after.
        scale: what the node says, which need not be out / size.
        roi: the part that `tf_crop_and_resize` reads, in multiples of size - 1.
    """

    size: int
    out: int
    scale: float
    roi: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How an axis is resized: the attributes of ONNX's Resize."""

    mode: str = "nearest"
    transform: str = "half_pixel"
    nearest_mode: str = "round_prefer_floor"
    cubic_a: float = -0.75
    exclude_outside: bool = False
    antialias: bool = False
    extrapolation: float = field(default=0.0)

    @property
    def crops(self) -> bool:
        """Whether samples may lie outside the input, where `extrapolation` stands."""
        return self.transform == "tf_crop_and_resize"


def coordinates(axis: Axis, transform: str) -> Array:
    """The place in the input of each output sample: float32 [out].

    Raises:
        Refusal: the transform is not known.
    """
    if transform not in _TRANSFORMS:
        raise Refusal(f"coordinate_transformation_mode {transform} is not known")
    places = _TRANSFORMS[transform](np.arange(axis.out, dtype=np.float32), axis)
    return np.broadcast_to(places, (axis.out,)).astype(np.float32)


def _half_pixel(x: Array, axis: Axis) -> Array:
    return (x + np.float32(0.5)) / np.float32(axis.scale) - np.float32(0.5)


def _align_corners(x: Array, axis: Axis) -> Array:
    """By whole sizes, as ONNX's text, torch and ONNX Runtime have it; ONNX's own evaluator takes scale * size."""
    return x * np.float32(axis.size - 1) / np.float32(axis.out - 1) if axis.out > 1 else x * 0


def _half_pixel_symmetric(x: Array, axis: Axis) -> Array:
    wanted = np.float32(axis.scale) * np.float32(axis.size)
    offset = np.float32(axis.size / 2) * (1 - np.float32(axis.out) / wanted)
    return offset + (x + np.float32(0.5)) / np.float32(axis.scale) - np.float32(0.5)


def _crop(x: Array, axis: Axis) -> Array:
    start, end, last = np.float32(axis.roi[0]), np.float32(axis.roi[1]), np.float32(axis.size - 1)
    if axis.out == 1:
        return np.float32(0.5) * (start + end) * last + x * 0
    return start * last + x * (end - start) * last / np.float32(axis.out - 1)


_TRANSFORMS: dict[str, Callable[[Array, Axis], Array]] = {
    "half_pixel": _half_pixel,
    "pytorch_half_pixel": lambda x, axis: _half_pixel(x, axis) if axis.out > 1 else x * 0,
    "asymmetric": lambda x, axis: x / np.float32(axis.scale),
    "align_corners": _align_corners,
    "half_pixel_symmetric": _half_pixel_symmetric,
    "tf_half_pixel_for_nn": lambda x, axis: (x + np.float32(0.5)) / np.float32(axis.scale),
    "tf_crop_and_resize": _crop,
}


def outside(axis: Axis, rule: Rule) -> Array:
    """Which output samples stand for the extrapolation value: bool [out]."""
    if not rule.crops:
        return np.zeros(axis.out, dtype=bool)
    places = coordinates(axis, rule.transform)
    return (places < 0) | (places > axis.size - 1)


def nearest(axis: Axis, rule: Rule) -> Array:
    """The input entry that each output sample repeats: int32 [out].

    Raises:
        Refusal: the nearest_mode is not known, or a sample lies so close to the middle between two entries that
            the last bit of the coordinate decides, which runtimes round differently.
    """
    x = coordinates(axis, rule.transform)
    if rule.nearest_mode not in _ROUNDINGS:
        raise Refusal(f"nearest_mode {rule.nearest_mode} is not known")
    margin = 4 * np.spacing(np.abs(x))
    undecided = _entries(x - margin, axis, rule) != _entries(x + margin, axis, rule)
    if (undecided & ~_trusted(x, axis, rule)).any():
        raise Refusal(
            f"resizing {axis.size} to {axis.out} by {rule.transform} and {rule.nearest_mode} has samples between two"
            " entries, which rounding errors decide",
            "use nearest_mode floor with half_pixel or asymmetric, or a factor that is a power of two",
        )
    return _entries(x, axis, rule)


def _entries(x: Array, axis: Axis, rule: Rule) -> Array:
    entries: Array = np.clip(_ROUNDINGS[rule.nearest_mode](x, axis), 0, axis.size - 1)
    return entries.astype(np.int32)


def _trusted(x: Array, axis: Axis, rule: Rule) -> Array:
    """Where float32 agrees with ONNX Runtime to the last bit, as trials of all sizes to 40 have shown."""
    if rule.transform == "half_pixel_symmetric" and float(np.float32(axis.scale)) * axis.size != axis.out:
        return np.zeros(x.shape, dtype=bool)
    if rule.transform == "align_corners" or not rule.nearest_mode.startswith("round"):
        return np.ones(x.shape, dtype=bool)
    middle: Array = x - np.floor(x) == np.float32(0.5)
    return middle


_ROUNDINGS: dict[str, Callable[[Array, Axis], Array]] = {
    "round_prefer_floor": lambda x, _: np.ceil(x - np.float32(0.5)),
    "round_prefer_ceil": lambda x, _: np.floor(x + np.float32(0.5)),
    "floor": lambda x, _: np.floor(x),
    "ceil": lambda x, _: np.ceil(x),
    # Upsample and Resize of opset 10, which has no attribute for it.
    "simple": lambda x, axis: np.ceil(x) if axis.scale < 1 else np.floor(x),
}


def matrix(axis: Axis, rule: Rule) -> Array:
    """The weights of linear and cubic interpolation: float32 [out, size], rows of 0 outside the crop.

    Entries behind the ends repeat the ends, or count for nothing with `exclude_outside`. `antialias` widens the
    filter by 1 / scale where the axis shrinks.
    """
    x = coordinates(axis, rule.transform).astype(np.float64)
    shrink = min(axis.scale, 1.0) if rule.antialias else 1.0
    reach = int(np.ceil((2 if rule.mode == "cubic" else 1) / shrink))
    taps = np.floor(x).astype(int)[:, None] + np.arange(1 - reach, reach + 1)
    weights = _filter((taps - x[:, None]) * shrink, rule)
    if rule.exclude_outside:
        weights *= (taps >= 0) & (taps < axis.size)
    if rule.exclude_outside or rule.antialias:
        weights /= weights.sum(axis=1, keepdims=True)
    weights *= ~outside(axis, rule)[:, None]
    full = np.zeros((axis.out, axis.size))
    np.add.at(full, (np.arange(axis.out)[:, None], np.clip(taps, 0, axis.size - 1)), weights)
    return full.astype(np.float32)


def _filter(distance: Array, rule: Rule) -> Array:
    d: Array = np.abs(distance)
    if rule.mode == "linear":
        weights: Array = np.clip(1 - d, 0, 1)
        return weights
    a = rule.cubic_a
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))

"""Inputs that are pictures: Core ML hands over pixels, and the program itself makes the source's values of them.

An ML Program has no field for scale and bias: what the older formats keep in the description are operators in front of
the model. So the exact arithmetic is written, one mean and one deviation for each channel, whether or not one scale
for all would do. The picture's colour layout is the order of the source's channels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.values import Array, Var
from portproof.exporter.images import ImageInput
from portproof.exporter.lowering.refusal import Refusal
from portproof.runtimes.pixels import PixelScale

_COLOURS = {"rgb": "RGB", "bgr": "BGR", "gray": "GRAYSCALE"}
_FIRST = {"nchw": (0, 1, 2, 3), "nhwc": (0, 3, 1, 2)}
"""The axes of the source's input in the order of the picture's: batch, channels, height, width."""
_BACK = (0, 2, 3, 1)


def scales(images: Sequence[ImageInput], values: Sequence[ir.Value]) -> dict[str, PixelScale]:
    """How pixels become the values of each input that is declared a picture, by the source's name.

    Raises:
        PortproofError: ``E-USAGE``: a declaration names no input of the model.
        Refusal: an input cannot be a picture.
    """
    by_name = {value.name: value for value in values}
    found = {}
    for image in images:
        name = image.preprocessing.input
        if name not in by_name:
            raise PortproofError("E-USAGE", f"no input of the model is named {name!r}", hint="see --image")
        found[name] = PixelScale.of(image.preprocessing)
        _check(by_name[name], found[name])
    return found


def _check(value: ir.Value, scale: PixelScale) -> None:
    shape = [] if value.shape is None else list(value.shape)
    if len(shape) != len(_BACK):
        raise Refusal(f"{value.name} is declared a picture and has {len(shape)} axes", "a picture has four")
    if value.dtype is None or np.dtype(value.dtype.numpy()).kind not in "fiu":
        raise Refusal(f"{value.name} is declared a picture and is of type {value.dtype}")
    batch, channels, _, _ = first(shape, scale)
    if batch != 1:
        raise Refusal(
            f"{value.name} takes {batch} pictures at once, and an image of Core ML is one",
            "give the model a batch of one, or declare no image",
        )
    if channels != len(scale.mean):
        raise Refusal(f"{value.name} has {channels} channels, and {scale.channels} has {len(scale.mean)}")


def not_made_of_pixels(name: str, off: float) -> Message:
    """``W-IMAGE-PIXELS``: what was proven of an input's samples was proven of the pixels nearest to them.

    Args:
        name: the input's, in the source.
        off: how far the samples are from what pixels make, in pixels: see `portproof.runtimes.pixels.Pixels`.
    """
    return Message(
        code="W-IMAGE-PIXELS",
        what=f"samples of input {name!r} are up to {off:.3g} away from what pixels 0 to 255 make",
        why="a Core ML package that takes a picture is fed pixels: the nearest were taken, for the source as well",
        hint="give image data that is preprocessed as --image declares",
        details={"input": name, "off_pixels": off},
    )


def first(sizes: Sequence[Any], scale: PixelScale) -> list[Any]:
    """The sizes of an input in the order of the picture's axes: batch, channels, height, width."""
    return [sizes[axis] for axis in _FIRST[scale.layout]]


def image_type(name: str, scale: PixelScale, shape: Any) -> Any:
    """The `coremltools.ImageType` of an input: no scale and no bias, `enter_picture` has them.

    Args:
        name: in the package.
        scale: of the input.
        shape: [1, C, H, W] as coremltools takes it: numbers, `RangeDim`, or `EnumeratedShapes` as a whole.
    """
    import coremltools as ct

    layout = ct.colorlayout[_COLOURS[scale.channels]]
    return ct.ImageType(name=name, shape=shape, color_layout=layout, channel_first=True)


def enter_picture(b: Builder, name: str, scale: PixelScale, dtype: str, given: Var) -> Var:
    """The source's input from pixels.

    Args:
        b: the builder.
        name: of the input, for the names of the operators.
        scale: how pixels become values.
        dtype: the numpy type that the source's input has; whole numbers are rounded to, and held in int32.
        given: float32 [1, C, H, W], pixels 0..255.

    Returns:
        float32 or int32, in the source's layout.
    """
    x = given
    if any(scale.mean):
        x = b.emit("sub", name=b.names.take(f"{name}_centred"), x=x, y=_column(scale.mean))
    if any(value != 1 for value in scale.std):
        x = b.emit("real_div", name=b.names.take(f"{name}_scaled"), x=x, y=_column(scale.std))
    if np.dtype(dtype).kind in "iu":
        x = _rounded(b, name, dtype, x)
    return b.emit("transpose", name=b.names.take(f"{name}_last"), x=x, perm=_BACK) if scale.layout == "nhwc" else x


def _rounded(b: Builder, name: str, dtype: str, x: Var) -> Var:
    """To the nearest whole number of a type."""
    limits = np.iinfo(np.dtype(dtype))
    low, high = np.float32(max(limits.min, -(2**24))), np.float32(min(limits.max, 2**24))
    held = b.emit(
        "clip",
        name=b.names.take(f"{name}_held"),
        x=b.emit("round", name=b.names.take(f"{name}_whole"), x=x),
        alpha=low,
        beta=high,
    )
    return b.cast(held, "int32")


def _column(values: Sequence[float]) -> Array | np.float32:
    """One value for all channels, or one for each."""
    if len(set(values)) == 1:
        return np.float32(values[0])
    return np.array(values, np.float32).reshape(1, -1, 1, 1)

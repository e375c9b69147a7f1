"""What a model takes and gives, from its description."""

import math
from typing import Any

from portproof.runtimes.coreml.faults import damaged, unsupported, within
from portproof.runtimes.coreml.program import Feature, ImageType, Interface, SizeRange
from portproof.runtimes.coreml.types import MAX_ELEMENTS, MAX_RANK, element_count

_ARRAY_DTYPES = {65552: "float16", 65568: "float32", 65600: "float64", 131104: "int32", 131080: "int8"}
_COLOR_SPACES = {10: "GRAYSCALE", 20: "RGB", 30: "BGR", 40: "GRAYSCALE_FLOAT16"}
_PLAIN = {"int64Type": "int64", "doubleType": "double", "stringType": "string"}
_KEYS = {"int64KeyType": "int64", "stringKeyType": "string"}


def read_interface(message: Any) -> Interface:
    """The features of a `ModelDescription` or `FunctionDescription` message.

    Raises:
        FaultError: ``E-MODEL-FORMAT`` where they make no sense, ``E-MODEL-UNSUPPORTED`` for sequences.
    """
    return Interface(
        inputs=_features(message.input, "input"),
        outputs=_features(message.output, "output"),
        states=_features(message.state, "state"),
        predicted_feature=message.predictedFeatureName,
        predicted_probabilities=message.predictedProbabilitiesName,
    )


def _features(messages: Any, role: str) -> tuple[Feature, ...]:
    found = []
    for message in messages:
        with within(role, message.name):
            found.append(read_feature(message))
            if (found[-1].kind == "state") != (role == "state"):
                raise damaged(f"a feature of kind {found[-1].kind} is declared as {role}")
    return tuple(found)


def read_feature(message: Any) -> Feature:
    """A `FeatureDescription` message as a feature.

    Raises:
        FaultError: as `read_interface`.
    """
    if not message.name:
        raise damaged("it has no name")
    kind = message.type.WhichOneof("Type")
    common = {
        "name": message.name,
        "optional": message.type.isOptional,
        "description": message.shortDescription,
    }
    if kind == "multiArrayType":
        return Feature(kind="multiarray", **common, **_array(message.type.multiArrayType))
    if kind == "stateType":
        if message.type.stateType.WhichOneof("Type") is None:
            raise damaged("a state has no type")
        return Feature(kind="state", **common, **_array(message.type.stateType.arrayType))
    if kind == "imageType":
        return Feature(kind="image", **common, **_image(message.type.imageType))
    if kind == "dictionaryType":
        keys = _KEYS.get(message.type.dictionaryType.WhichOneof("KeyType"))
        if keys is None:
            raise damaged("a dictionary has no type of keys")
        return Feature(kind="dictionary", keys=keys, **common)
    if kind in _PLAIN:
        return Feature(kind=_PLAIN[kind], **common)
    if kind is None:
        raise damaged("it has no type")
    raise unsupported("a feature that is a sequence")


def _array(message: Any) -> dict[str, Any]:
    if message.dataType not in _ARRAY_DTYPES:
        raise damaged(f"it has element type number {message.dataType}, which there is not")
    dtype = _ARRAY_DTYPES[message.dataType]
    enumerated = tuple(_shape(entry.shape) for entry in message.enumeratedShapes.shapes)
    ranges = tuple(_range(entry) for entry in message.shapeRange.sizeRanges)
    if message.WhichOneof("ShapeFlexibility") and not (enumerated or ranges):
        raise damaged("it may have other shapes, and there are none")
    shape = _default_shape(_shape(message.shape), enumerated, ranges)
    default = _default(message, dtype)
    return {"dtype": dtype, "shape": shape, "enumerated": enumerated, "ranges": ranges, "default": default}


def _default_shape(
    shape: tuple[int, ...], enumerated: tuple[tuple[int, ...], ...], ranges: tuple[SizeRange, ...]
) -> tuple[int, ...]:
    """The default: the first of those that are allowed where none is given, else one of them (FeatureTypes.proto)."""
    if enumerated:
        shape = shape or enumerated[0]
        if shape not in enumerated:
            raise damaged(f"its default shape {list(shape)} is none of those that are enumerated")
    elif ranges:
        shape = shape or tuple(allowed.lower for allowed in ranges)
        if len(shape) != len(ranges) or not all(map(_in_range, shape, ranges)):
            raise damaged(f"its default shape {list(shape)} is outside of its ranges")
    if any(len(other) != len(shape) for other in enumerated):
        raise damaged("the shapes that are enumerated have different numbers of axes")
    return shape


def _in_range(size: int, allowed: SizeRange) -> bool:
    return allowed.lower <= size and (allowed.upper is None or size <= allowed.upper)


def _shape(sizes: Any) -> tuple[int, ...]:
    shape = tuple(sizes)
    if len(shape) > MAX_RANK:
        raise damaged(f"a shape of {len(shape)} axes cannot be meant")
    if any(size < 0 for size in shape) or element_count(tuple(max(1, size) for size in shape)) > MAX_ELEMENTS:
        raise damaged(f"a shape of {list(shape)} cannot be meant")
    return shape


def _range(message: Any) -> SizeRange:
    """An upper bound below zero stands for none (FeatureTypes.proto)."""
    lower, upper = message.lowerBound, message.upperBound
    if lower > MAX_ELEMENTS or (0 <= upper < lower):
        raise damaged(f"sizes from {lower} to {upper} cannot be meant")
    return SizeRange(lower=lower, upper=None if upper < 0 else upper)


def _default(message: Any, dtype: str) -> float | int | None:
    field = message.WhichOneof("defaultOptionalValue")
    if field is None:
        return None
    value: float | int = getattr(message, field)
    if dtype.startswith("int") and not (math.isfinite(value) and value == int(value)):
        raise damaged(f"its default is {value}, its elements are whole numbers")
    return value


def _image(message: Any) -> dict[str, Any]:
    if message.colorSpace not in _COLOR_SPACES:
        raise damaged(f"it has colour space number {message.colorSpace}, which there is not")
    flexible = message.WhichOneof("SizeFlexibility")
    enumerated = tuple(_shape((size.height, size.width)) for size in message.enumeratedSizes.sizes)
    limits = message.imageSizeRange
    ranges = (_range(limits.heightRange), _range(limits.widthRange)) if flexible == "imageSizeRange" else ()
    if flexible == "enumeratedSizes" and not enumerated:
        raise damaged("it may have other sizes, and there are none")
    given = _shape((message.height, message.width))
    height, width = _default_shape(given if any(given) or not flexible else (), enumerated, ranges)
    return {
        "image": ImageType(colorspace=_COLOR_SPACES[message.colorSpace], height=height, width=width),
        "enumerated": enumerated,
        "ranges": ranges,
    }

from collections.abc import Callable
from typing import Any

import coreml_files as files
import pytest

from portproof.runtimes.coreml.faults import FaultError
from portproof.runtimes.coreml.features import read_feature, read_interface
from portproof.runtimes.coreml.program import Feature, ImageType, SizeRange


def fault(message: Any, code: str = "E-MODEL-FORMAT") -> str:
    with pytest.raises(FaultError) as caught:
        read_feature(message)
    assert caught.value.code == code
    return caught.value.why


def array() -> Any:
    return files.array_feature("x", "float32", (1, 4))


@pytest.mark.parametrize("dtype", files.ARRAY_TYPES)
def test_arrays(dtype: str) -> None:
    message = files.array_feature("x", dtype, (1, 4))
    message.shortDescription = "what it is"
    message.type.isOptional = True
    expected = Feature(name="x", kind="multiarray", dtype=dtype, shape=(1, 4), optional=True, description="what it is")
    assert read_feature(message) == expected


def test_enumerated_shapes() -> None:
    message = array()
    for shape in ((1, 4), (2, 4)):
        message.type.multiArrayType.enumeratedShapes.shapes.add(shape=shape)
    assert read_feature(message).enumerated == ((1, 4), (2, 4))
    message.type.multiArrayType.enumeratedShapes.shapes.add(shape=(1,))
    assert "different numbers of axes" in fault(message)
    del message.type.multiArrayType.enumeratedShapes.shapes[0]
    assert "[1, 4] is none of those" in fault(message)
    del message.type.multiArrayType.shape[:], message.type.multiArrayType.enumeratedShapes.shapes[1]
    assert read_feature(message).shape == (2, 4)
    del message.type.multiArrayType.enumeratedShapes.shapes[:]
    assert "there are none" in fault(message)


def test_ranges() -> None:
    message = array()
    message.type.multiArrayType.shapeRange.SetInParent()
    assert "there are none" in fault(message)
    message.type.multiArrayType.shapeRange.sizeRanges.add(lowerBound=1, upperBound=-1)
    assert "[1, 4] is outside of its ranges" in fault(message)
    message.type.multiArrayType.shapeRange.sizeRanges.add(lowerBound=4, upperBound=4)
    assert read_feature(message).ranges == (SizeRange(lower=1, upper=None), SizeRange(lower=4, upper=4))
    for outside in ((0, 4), (1, 5), (1, 3)):
        message.type.multiArrayType.shape[:] = outside
        assert "is outside of its ranges" in fault(message)
    del message.type.multiArrayType.shape[:]
    assert read_feature(message).shape == (1, 4)
    message.type.multiArrayType.shapeRange.sizeRanges[1].lowerBound = 5
    assert "sizes from 5 to 4" in fault(message)
    message.type.multiArrayType.shapeRange.sizeRanges[0].lowerBound = 2**63
    assert "cannot be meant" in fault(message)


@pytest.mark.parametrize(
    ("dtype", "field", "number"),
    [
        ("float32", "floatDefaultValue", 0.5),
        ("float32", "intDefaultValue", 0),
        ("float64", "doubleDefaultValue", 0.1),
        ("int32", "intDefaultValue", -3),
        ("int32", "doubleDefaultValue", 2.0),
    ],
)
def test_defaults(dtype: str, field: str, number: float) -> None:
    message = files.array_feature("x", dtype, (1,))
    setattr(message.type.multiArrayType, field, number)
    assert read_feature(message).default == number


@pytest.mark.parametrize("number", [0.5, float("nan"), float("inf")])
def test_defaults_of_whole_numbers_are_whole(number: float) -> None:
    message = files.array_feature("x", "int32", (1,))
    message.type.multiArrayType.doubleDefaultValue = number
    assert "whole numbers" in fault(message)


@pytest.mark.parametrize("shape", [(-1,), (2**41,), (2**62, 2**62), (0, 2**63 - 1), (1,) * 33])
def test_absurd_shapes(shape: tuple[int, ...]) -> None:
    assert "cannot be meant" in fault(files.array_feature("x", "float32", shape))


def image(colorspace: int = 20) -> Any:
    message = files.new("FeatureDescription")
    message.name = "photo"
    message.type.imageType.height, message.type.imageType.width = 8, 6
    message.type.imageType.colorSpace = colorspace
    return message


@pytest.mark.parametrize(("number", "name"), [(10, "GRAYSCALE"), (20, "RGB"), (30, "BGR"), (40, "GRAYSCALE_FLOAT16")])
def test_images(number: int, name: str) -> None:
    feature = read_feature(image(number))
    assert feature == Feature(name="photo", kind="image", image=ImageType(colorspace=name, height=8, width=6))


def test_sizes_of_images() -> None:
    message = image()
    message.type.imageType.enumeratedSizes.sizes.add(width=6, height=8)
    assert read_feature(message).enumerated == ((8, 6),)
    ranges = message.type.imageType.imageSizeRange
    ranges.widthRange.lowerBound, ranges.widthRange.upperBound = 1, -1
    ranges.heightRange.lowerBound, ranges.heightRange.upperBound = 4, 16
    assert read_feature(message).ranges == (SizeRange(lower=4, upper=16), SizeRange(lower=1, upper=None))
    assert read_feature(message).enumerated == ()
    ranges.heightRange.upperBound = 7
    assert "[8, 6] is outside of its ranges" in fault(message)


def test_images_whose_size_is_left_to_the_sizes_they_may_have() -> None:
    message = image()
    message.type.imageType.width = message.type.imageType.height = 0
    message.type.imageType.enumeratedSizes.SetInParent()
    assert "there are none" in fault(message)
    message.type.imageType.enumeratedSizes.sizes.add(width=3, height=4)
    found = read_feature(message).image
    assert found is not None
    assert (found.height, found.width) == (4, 3)
    message.type.imageType.width = message.type.imageType.height = 3
    assert "[3, 3] is none of those" in fault(message)


def test_images_that_make_no_sense() -> None:
    assert "colour space number 25" in fault(image(25))
    message = image()
    message.type.imageType.width = -6
    assert "[8, -6] cannot be meant" in fault(message)


@pytest.mark.parametrize(
    ("field", "kind"),
    [("int64Type", "int64"), ("doubleType", "double"), ("stringType", "string")],
)
def test_plain_kinds(field: str, kind: str) -> None:
    message = files.new("FeatureDescription")
    message.name = "label"
    getattr(message.type, field).SetInParent()
    assert read_feature(message) == Feature(name="label", kind=kind)


@pytest.mark.parametrize(("field", "keys"), [("int64KeyType", "int64"), ("stringKeyType", "string")])
def test_dictionaries(field: str, keys: str) -> None:
    message = files.new("FeatureDescription")
    message.name = "scores"
    message.type.dictionaryType.SetInParent()
    assert "no type of keys" in fault(message)
    getattr(message.type.dictionaryType, field).SetInParent()
    assert read_feature(message) == Feature(name="scores", kind="dictionary", keys=keys)


def state() -> Any:
    message = files.new("FeatureDescription")
    message.name = "cache"
    message.type.stateType.arrayType.CopyFrom(files.array_feature("", "float16", (2,)).type.multiArrayType)
    return message


def test_interfaces() -> None:
    description = files.new("ModelDescription")
    description.input.append(array())
    description.output.extend([image(), array()])
    description.state.append(state())
    description.predictedFeatureName = "label"
    description.predictedProbabilitiesName = "scores"
    interface = read_interface(description)
    assert [feature.name for feature in interface.outputs] == ["photo", "x"]
    assert interface.states == (Feature(name="cache", kind="state", dtype="float16", shape=(2,)),)
    assert (interface.predicted_feature, interface.predicted_probabilities) == ("label", "scores")


def _unnamed(message: Any) -> None:
    message.name = ""


def _untyped(message: Any) -> None:
    message.ClearField("type")


def _element(message: Any) -> None:
    message.type.multiArrayType.dataType = 5


def _stateless(message: Any) -> None:
    message.type.stateType.SetInParent()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_unnamed, "no name"),
        (_untyped, "no type"),
        (_element, "element type number 5"),
        (_stateless, "a state has no type"),
    ],
)
def test_features_that_make_no_sense(spoil: Callable[[Any], None], reason: str) -> None:
    message = array()
    spoil(message)
    assert reason in fault(message)


def test_sequences_are_not_supported() -> None:
    message = files.new("FeatureDescription")
    message.name = "words"
    message.type.sequenceType.stringType.SetInParent()
    assert "sequence" in fault(message, "E-MODEL-UNSUPPORTED")


def test_states_have_their_own_place() -> None:
    description = files.new("ModelDescription")
    description.input.append(state())
    with pytest.raises(FaultError, match="declared as input") as caught:
        read_interface(description)
    assert caught.value.places == ["input cache"]
    description.input[0].CopyFrom(array())
    description.state.append(array())
    with pytest.raises(FaultError, match="declared as state"):
        read_interface(description)

from typing import Any

import numpy as np
import pytest
import torch
from tests.runtimes.coreml.mil import named, program

from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes.coreml.feeding import tensors
from portproof.runtimes.coreml.program import Feature, ImageType, Interface, SizeRange


def _feed(feature: Feature, value: Any, program_type: str = "") -> torch.Tensor:
    shape = ",".join("?" if feature.ranges or feature.enumerated else str(size) for size in feature.shape)
    kind = program_type or f"{feature.dtype}[{shape}]"
    function = program(named(f"x:{kind}"), [], "x")
    interface = Interface(inputs=(feature,), outputs=())
    return tensors(interface, function, {} if value is None else {"x": value}, where="m.mlpackage")["x"]


def _x(dtype: str = "float32", shape: tuple[int, ...] = (2,), **options: Any) -> Feature:
    return Feature(name="x", kind="multiarray", dtype=dtype, shape=shape, **options)


def _message(feature: Feature, value: Any) -> Message:
    with pytest.raises(PortproofError) as caught:
        _feed(feature, value)
    return caught.value.messages[0]


@pytest.mark.parametrize("given", ["float64", "float32", "float16", "int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "float64"])
def test_numbers_that_stay_the_same_are_taken(given: str, dtype: str) -> None:
    made = _feed(_x(dtype), np.array([0, 1]).astype(given))
    assert made.tolist() == [0, 1]
    assert made.dtype is {"int32": torch.int32, "float64": torch.float64}.get(dtype, torch.float32)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("float32", np.array([0.1, 1], np.float64)),
        ("float32", np.array([2**24 + 1, 0], np.int64)),
        ("float32", np.array([2**63 - 1, 0], np.int64)),
        ("int32", np.array([0.5, 1], np.float32)),
        ("int32", np.array([2**31, 1], np.int64)),
        ("int32", np.array([np.nan, 1], np.float32)),
        ("int32", np.array([np.inf, 1], np.float32)),
        ("float16", np.array([1e5, 1], np.float32)),
        ("float32", np.array([1e39, 1], np.float64)),
        ("float32", np.array(["a", "b"])),
        ("float32", np.array([1j, 1])),
    ],
)
def test_numbers_that_would_change_are_not(dtype: str, values: np.ndarray) -> None:
    message = _message(_x(dtype), values)
    assert message.code == "E-DATA-DTYPE"
    assert message.where == "m.mlpackage"
    assert str(values.dtype) in message.what


def test_float16_is_rounded_to() -> None:
    values = np.array([0.1, 1e-9], np.float32)
    assert _feed(_x("float16"), values).tolist() == [float(np.float16(0.1)), 0]
    assert _feed(_x("float32"), values, "float16[2]").tolist() == [float(np.float16(0.1)), 0]


def test_what_is_no_number_passes_through() -> None:
    for dtype in ("float32", "float16"):
        made = _feed(_x(dtype), np.array([np.nan, -np.inf], np.float64))
        assert bool(made[0].isnan())
        assert made[1] == -torch.inf


def test_lists_and_torch_tensors_are_arrays_too() -> None:
    assert _feed(_x("int32"), [1, 2]).tolist() == [1, 2]
    assert _feed(_x(), torch.tensor([1.0, 2.0])).tolist() == [1, 2]


def test_the_caller_s_array_is_copied() -> None:
    array = np.zeros(2, np.float32)
    made = _feed(_x(), array)
    array[0] = 7
    assert made[0] == 0


def test_a_scalar_of_the_program_is_fed_as_one_element() -> None:
    assert _feed(_x(shape=(1,)), np.ones(1, np.float32), "float32[]").shape == ()


@pytest.mark.parametrize(
    ("feature", "shape", "fits"),
    [
        (_x(), (2,), True),
        (_x(), (1, 2), False),
        (_x(shape=(2, 2), enumerated=((2, 2), (4, 2))), (4, 2), True),
        (_x(shape=(2, 2), enumerated=((2, 2), (4, 2))), (2, 4), False),
        (_x(shape=(1, 2), ranges=(SizeRange(lower=1, upper=3), SizeRange(lower=2, upper=2))), (3, 2), True),
        (_x(shape=(1, 2), ranges=(SizeRange(lower=1, upper=3), SizeRange(lower=2, upper=2))), (4, 2), False),
        (_x(shape=(1, 2), ranges=(SizeRange(lower=1, upper=3), SizeRange(lower=2, upper=2))), (3,), False),
        (_x(shape=(1,), ranges=(SizeRange(lower=1, upper=None),)), (99,), True),
    ],
)
def test_shapes(feature: Feature, shape: tuple[int, ...], fits: bool) -> None:
    array = np.zeros(shape, np.float32)
    if fits:
        assert _feed(feature, array).shape == shape
    else:
        assert _message(feature, array).code == "E-DATA-SHAPE"


def test_messages_say_what_is_taken() -> None:
    listed = _x(shape=(2, 2), enumerated=((4, 2),))
    assert "[2, 2] or [4, 2]" in _message(listed, np.zeros(1, np.float32)).why
    ranged = _x(shape=(1, 2), ranges=(SizeRange(lower=1, upper=None), SizeRange(lower=2, upper=2)))
    assert "[1.., 2]" in _message(ranged, np.zeros(1, np.float32)).why


def test_an_optional_input_has_its_default() -> None:
    assert _feed(_x("int32", optional=True, default=3), None).tolist() == [3, 3]
    for feature in (_x(default=3.0), _x(optional=True)):
        assert _message(feature, None).code == "E-DATA-NAME"


def test_all_that_is_wrong_is_told_at_once() -> None:
    function = program(named("left:float32[2] right:float32[2]"), [], "left")
    interface = Interface(
        inputs=tuple(Feature(name=name, kind="multiarray", dtype="float32", shape=(2,)) for name in ("left", "right")),
        outputs=(),
    )
    with pytest.raises(PortproofError) as caught:
        tensors(interface, function, {"left": np.zeros(3, np.float32), "rigth": np.zeros(2)}, where="")
    first, second = caught.value.messages
    assert (first.code, "'right'" in first.hint) == ("E-DATA-NAME", True)
    assert second.code == "E-DATA-SHAPE"


def test_images_and_what_is_neither() -> None:
    photo = Feature(name="x", kind="image", image=ImageType(colorspace="GRAYSCALE", height=1, width=2))
    assert _feed(photo, np.array([[3, 4]], np.uint8), "float16[1,1,1,2]").flatten().tolist() == [3, 4]
    made = _feed(photo, np.array([[3, 255]], np.uint8), "uint8[1,1,1,2]")
    assert (made.dtype, made.flatten().tolist()) == (torch.uint8, [3, 255])
    assert _message_of(photo, np.zeros((2, 2), np.uint8)).code == "E-DATA-SHAPE"
    word = Feature(name="x", kind="string")
    with pytest.raises(PortproofError) as caught:
        _feed(word, "a", "string[]")
    assert caught.value.messages[0].code == "E-MODEL-UNSUPPORTED"


def _message_of(feature: Feature, value: Any) -> Message:
    with pytest.raises(PortproofError) as caught:
        _feed(feature, value, "float32[1,1,1,2]")
    return caught.value.messages[0]

from pathlib import Path
from typing import Any

import coreml_files as files
import numpy as np
import pytest

from portproof.runtimes.coreml.faults import FaultError
from portproof.runtimes.coreml.program import Literal
from portproof.runtimes.coreml.values import read_value
from portproof.runtimes.coreml.weights import Weights

NOWHERE = Weights(Path("/nowhere"), Path("/nowhere"))


def read(message: Any) -> Literal:
    return read_value(message, NOWHERE)


def fault(message: Any, code: str = "E-MODEL-FORMAT") -> str:
    with pytest.raises(FaultError) as caught:
        read(message)
    assert caught.value.code == code
    return caught.value.why


@pytest.mark.parametrize(
    "dtype", ["bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"]
)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_tensors(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    got = read(files.value(array)).value
    assert isinstance(got, np.ndarray)
    assert (got.dtype, got.shape) == (array.dtype, shape)
    assert np.array_equal(got, array)
    assert not got.flags.writeable


@pytest.mark.parametrize("dtype", ["int4", "uint1", "uint2", "uint3", "uint4", "uint6"])
def test_tensors_of_less_than_bytes(dtype: str) -> None:
    array = np.array([[1, 0, 1], [1, 1, 0]], np.uint8)
    got = read(files.value(array, dtype)).value
    assert isinstance(got, np.ndarray)
    assert got.tolist() == array.tolist()
    assert not got.flags.writeable


def test_extreme_numbers() -> None:
    for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"):
        ends = np.array([np.iinfo(dtype).min, np.iinfo(dtype).max], dtype)
        assert np.array_equal(np.asarray(read(files.value(ends)).value), ends)
    message = files.value(np.array([-1], np.int64))
    message.type.CopyFrom(files.tensor_type("uint64", 1))
    assert np.asarray(read(message).value).tolist() == [2**64 - 1]
    floats = np.array([np.inf, -np.inf, np.nan, 1e-45, -0.0], np.float32)
    assert np.asarray(read(files.value(floats)).value).tobytes() == floats.tobytes()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "uint16", "int16"])
def test_small_integers_in_a_field_of_larger_ones(dtype: str) -> None:
    message = files.value(np.array([1, 2], np.int32))
    message.type.CopyFrom(files.tensor_type(dtype, 2))
    assert np.asarray(read(message).value).dtype == dtype
    message.immediateValue.tensor.ints.values[1] = 70_000
    assert f"type {dtype} has values outside" in fault(message)


def test_strings() -> None:
    assert read(files.value("word")).value == "word"
    assert read(files.value("")).value == ""
    assert read(files.value(["a", "b"])).value == ["a", "b"]


def test_a_tensor_without_elements_may_have_no_field() -> None:
    message = files.new("Value")
    message.type.CopyFrom(files.tensor_type("float32", 0, 3))
    message.immediateValue.tensor.SetInParent()
    assert np.asarray(read(message).value).shape == (0, 3)
    message.type.CopyFrom(files.tensor_type("float32", 1))
    assert "1 elements has 0 values" in fault(message)
    message.ClearField("immediateValue")
    assert "has no value" in fault(message)


@pytest.mark.parametrize("size", [0, 1, 3, 2**40])
@pytest.mark.parametrize("dtype", ["bool", "float16", "float32", "int32", "int64", "string"])
def test_wrong_numbers_of_values(dtype: str, size: int) -> None:
    message = files.value(["a", "b"]) if dtype == "string" else files.value(np.zeros(2, dtype))
    message.type.CopyFrom(files.tensor_type(dtype, size))
    assert "elements" in fault(message)


@pytest.mark.parametrize(
    ("dtype", "field"),
    [
        ("bool", "ints"),
        ("float32", "doubles"),
        ("float16", "floats"),
        ("float32", "ints"),
        ("int32", "longInts"),
        ("int64", "ints"),
        ("string", "bytes"),
        ("bool", "bytes"),
        ("uint4", "ints"),
        ("float32", "strings"),
    ],
)
def test_fields_of_other_types(dtype: str, field: str) -> None:
    message = files.new("Value")
    message.type.CopyFrom(files.tensor_type(dtype, 0))
    getattr(message.immediateValue.tensor, field).SetInParent()
    assert f"type {dtype} has its values in the field {field}" in fault(message)


def test_shapes_that_are_not_known() -> None:
    message = files.value(np.zeros(2, np.float32))
    message.type.CopyFrom(files.tensor_type("float32", None))
    assert "shape that is not known" in fault(message)
    message.type.tensorType.rank = -1
    del message.type.tensorType.dimensions[:]
    assert "shape that is not known" in fault(message)


def test_strings_are_not_in_weight_files() -> None:
    message = files.new("Value")
    message.type.CopyFrom(files.tensor_type("string", 2))
    message.blobFileValue.fileName = files.WEIGHTS
    assert "said to be in a weight file" in fault(message)
    message.type.CopyFrom(files.tensor_type("float32", 2))
    assert "not there" in fault(message, "E-MODEL-EXTERNAL")


def _list(kind: Any, values: list[Any], length: int | None = None) -> Any:
    message = files.new("Value")
    message.type.listType.type.CopyFrom(kind)
    if length is not None:
        message.type.listType.length.constant.size = length
    message.immediateValue.list.values.extend(values)
    return message


def test_lists() -> None:
    words = _list(files.tensor_type("string"), [files.value("a"), files.value("b")], 2)
    assert read(words).value == ["a", "b"]
    numbers = read(_list(files.tensor_type("int32"), [files.value(1), files.value(2)])).value
    assert isinstance(numbers, list)
    assert [int(number.value) for number in numbers] == [1, 2]
    assert "a list of 3 has 1 values" in fault(_list(files.tensor_type("int32"), [files.value(1)], 3))
    assert "another type" in fault(_list(files.tensor_type("int32"), [files.value("a")]))


def test_tuples() -> None:
    message = files.new("Value")
    message.type.tupleType.types.extend([files.tensor_type("int32"), files.tensor_type("string")])
    message.immediateValue.tuple.values.extend([files.value(7), files.value("a")])
    number, word = read(message).value
    assert (int(number.value), word) == (7, "a")
    del message.immediateValue.tuple.values[1]
    assert "a tuple of 2 has 1 values" in fault(message)
    message.immediateValue.list.SetInParent()
    assert "in the field list" in fault(message)
    message.blobFileValue.offset = 64
    assert "does not stand in the model file" in fault(message)


def test_dictionaries() -> None:
    message = files.new("Value")
    message.type.dictionaryType.keyType.CopyFrom(files.tensor_type("string"))
    message.type.dictionaryType.valueType.CopyFrom(files.tensor_type("string"))
    for word in "ab":
        message.immediateValue.dictionary.values.add(key=files.value(word), value=files.value(word * 2))
    assert read(message).value == {"a": "aa", "b": "bb"}
    message.immediateValue.dictionary.values.add(key=files.value("a"), value=files.value("c"))
    assert "a key twice" in fault(message)


def test_keys_of_dictionaries() -> None:
    message = files.new("Value")
    message.type.dictionaryType.keyType.CopyFrom(files.tensor_type("int32"))
    message.type.dictionaryType.valueType.CopyFrom(files.tensor_type("string"))
    message.immediateValue.dictionary.values.add(key=files.value(5), value=files.value("five"))
    assert read(message).value == {5: "five"}
    message.type.dictionaryType.keyType.CopyFrom(files.tensor_type("float32"))
    message.immediateValue.dictionary.values[0].key.CopyFrom(files.value(0.5))
    assert "keys" in fault(message, "E-MODEL-UNSUPPORTED")


def test_states_are_not_values() -> None:
    message = files.new("Value")
    message.type.stateType.wrappedType.CopyFrom(files.tensor_type("float16", 2))
    message.immediateValue.tensor.SetInParent()
    assert "StateType" in fault(message, "E-MODEL-UNSUPPORTED")

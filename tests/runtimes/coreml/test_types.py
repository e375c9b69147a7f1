from typing import Any

import coreml_files as files
import pytest

from portproof.runtimes.coreml import dtypes
from portproof.runtimes.coreml.faults import FaultError
from portproof.runtimes.coreml.program import (
    DictionaryType,
    ListType,
    NamedType,
    StateType,
    TensorType,
    TupleType,
)
from portproof.runtimes.coreml.types import DTYPES, read_named, read_type

FLOAT = TensorType(dtype="float32", shape=())


def fault(message: Any, code: str = "E-MODEL-FORMAT") -> str:
    with pytest.raises(FaultError) as caught:
        read_type(message)
    assert caught.value.code == code
    return caught.value.why


def test_every_element_type_is_one_that_is_held() -> None:
    assert set(DTYPES.values()) == set(dtypes.DTYPES)


@pytest.mark.parametrize("shape", [(), (0,), (1, 2, 3), (None, 4), (2**40,), (0, 2**40)])
def test_tensors(shape: tuple[int | None, ...]) -> None:
    assert read_type(files.tensor_type("int4", *shape)) == TensorType(dtype="int4", shape=shape)


def test_ranks_that_are_not_known() -> None:
    message = files.tensor_type("float16")
    message.tensorType.rank = -1
    assert read_type(message) == TensorType(dtype="float16", shape=None)
    message = files.tensor_type("float16", 2, None)
    message.tensorType.dimensions[1].unknown.variadic = True
    assert read_type(message) == TensorType(dtype="float16", shape=None)


def test_compositions() -> None:
    floats = files.tensor_type("float32")
    message = files.new("ValueType")
    message.listType.type.CopyFrom(floats)
    assert read_type(message) == ListType(element=FLOAT, length=None)
    message.listType.length.unknown.SetInParent()
    assert read_type(message) == ListType(element=FLOAT, length=None)
    message.listType.length.constant.size = 3
    assert read_type(message) == ListType(element=FLOAT, length=3)
    message.tupleType.types.extend([floats, floats])
    assert read_type(message) == TupleType(elements=(FLOAT, FLOAT))
    message.dictionaryType.keyType.CopyFrom(files.tensor_type("string"))
    message.dictionaryType.valueType.CopyFrom(floats)
    assert read_type(message) == DictionaryType(key=TensorType(dtype="string", shape=()), value=FLOAT)
    message.stateType.wrappedType.CopyFrom(floats)
    assert read_type(message) == StateType(wrapped=FLOAT)


def test_named() -> None:
    message = files.new("NamedValueType")
    message.type.CopyFrom(files.tensor_type("float32"))
    with pytest.raises(FaultError, match="no name"):
        read_named(message)
    message.name = "x"
    assert read_named(message) == NamedType(name="x", type=FLOAT)


@pytest.mark.parametrize(("number", "name"), [(13, "bfloat16"), (40, "float8e4m3fn"), (41, "float8e5m2")])
def test_element_types_that_are_not_supported(number: int, name: str) -> None:
    message = files.tensor_type("float32", 2)
    message.tensorType.dataType = number
    assert name in fault(message, "E-MODEL-UNSUPPORTED")


@pytest.mark.parametrize("number", [0, -1, 99, 2**31 - 1])
def test_element_types_that_there_are_not(number: int) -> None:
    message = files.tensor_type("float32", 2)
    message.tensorType.dataType = number
    assert f"number {number}" in fault(message)


@pytest.mark.parametrize(
    "shape", [(2**40 + 1,), (2**20, 2**20, 2), (2**63,), (2**64 - 1, 2**64 - 1), (0, 2**41), (None, 2**41)]
)
def test_absurd_shapes(shape: tuple[int | None, ...]) -> None:
    assert "cannot be meant" in fault(files.tensor_type("bool", *shape))


def test_absurd_ranks() -> None:
    assert "rank 33" in fault(files.tensor_type("bool", *[1] * 33))
    for rank in (-2, 0, 1, 3, 2**62):
        message = files.tensor_type("bool", 1, 1)
        message.tensorType.rank = rank
        assert f"of rank {rank} and has 2 sizes" in fault(message)
    message.tensorType.rank = -1
    assert "of rank -1 and has 2 sizes" in fault(message)


def test_what_is_left_out() -> None:
    message = files.new("ValueType")
    assert "no type" in fault(message)
    message.tensorType.dataType = 11
    message.tensorType.rank = 1
    message.tensorType.dimensions.add()
    assert "neither of a known size" in fault(message)
    message.listType.SetInParent()
    assert "no type" in fault(message)
    message.listType.type.CopyFrom(files.tensor_type("float32"))
    message.listType.length.constant.size = 2**41
    assert "cannot be meant" in fault(message)


def test_what_nothing_takes() -> None:
    message = files.tensor_type("float32", 2)
    message.tensorType.attributes["layout"].CopyFrom(files.value("x"))
    assert "not known: layout" in fault(message, "E-MODEL-UNSUPPORTED")
    message = files.new("ValueType")
    message.stateType.wrappedType.tupleType.SetInParent()
    assert "state" in fault(message, "E-MODEL-UNSUPPORTED")
    message.stateType.wrappedType.CopyFrom(files.tensor_type("string", 2))
    assert "state" in fault(message, "E-MODEL-UNSUPPORTED")

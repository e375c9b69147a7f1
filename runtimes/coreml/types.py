"""Types of the file format as types of `program`."""

from collections.abc import Callable
from typing import Any

from portproof.runtimes.coreml.faults import damaged, shown, unsupported
from portproof.runtimes.coreml.program import (
    DictionaryType,
    ListType,
    NamedType,
    StateType,
    TensorType,
    TupleType,
    Type,
)

MAX_ELEMENTS = 2**40
"""No tensor that is meant has more: a float16 one would need two terabytes."""

MAX_RANK = 32
"""Core ML's own tensors have at most 5 axes; this leaves room, and keeps arrays makeable."""

DTYPES = {
    1: "bool",
    2: "string",
    10: "float16",
    11: "float32",
    12: "float64",
    21: "int8",
    22: "int16",
    23: "int32",
    24: "int64",
    25: "int4",
    31: "uint8",
    32: "uint16",
    33: "uint32",
    34: "uint64",
    35: "uint4",
    36: "uint2",
    37: "uint1",
    38: "uint6",
    39: "uint3",
}
"""MIL's numbers of the element types, to the names in `dtypes`."""

_UNSUPPORTED = {13: "bfloat16", 40: "float8e4m3fn", 41: "float8e5m2"}


def read_named(message: Any) -> NamedType:
    """A name and its type.

    Raises:
        FaultError: as `read_type`; ``E-MODEL-FORMAT`` where the name is empty.
    """
    if not message.name:
        raise damaged("a value has no name")
    return NamedType(name=message.name, type=read_type(message.type))


def read_type(message: Any) -> Type:
    """A `ValueType` message as a type.

    Raises:
        FaultError: ``E-MODEL-FORMAT`` where it makes no sense, ``E-MODEL-UNSUPPORTED`` for element types and attributes
            that no operator takes.
    """
    kind = message.WhichOneof("type")
    if kind is None:
        raise damaged("a value has no type")
    return _READERS[kind](getattr(message, kind))


def element_count(shape: tuple[int, ...]) -> int:
    """The number of elements of a shape that is known."""
    count = 1
    for size in shape:
        count *= size
    return count


def _tensor(message: Any) -> TensorType:
    if message.attributes:
        names = ", ".join(shown(name) for name in sorted(message.attributes))
        raise unsupported(f"a tensor type has attributes that are not known: {names}")
    return TensorType(dtype=_dtype(message.dataType), shape=_shape(message))


def _dtype(number: int) -> str:
    if number in _UNSUPPORTED:
        raise unsupported(f"it holds tensors of type {_UNSUPPORTED[number]}, which no operator of iOS 15 to 18 takes")
    if number not in DTYPES:
        raise damaged(f"a tensor has element type number {number}, which there is not")
    return DTYPES[number]


def _shape(message: Any) -> tuple[int | None, ...] | None:
    rank, listed = message.rank, len(message.dimensions)
    if rank == -1 and not listed:
        return None
    if rank != listed:
        raise damaged(f"a tensor is of rank {rank} and has {listed} sizes")
    if rank > MAX_RANK:
        raise damaged(f"a tensor is of rank {rank}; {MAX_RANK} is the most that can be meant")
    if any(size.WhichOneof("dimension") == "unknown" and size.unknown.variadic for size in message.dimensions):
        return None
    shape = tuple(_size(size) for size in message.dimensions)
    if element_count(tuple(max(1, size) for size in shape if size is not None)) > MAX_ELEMENTS:
        raise damaged(f"a tensor of shape {['?' if size is None else size for size in shape]} cannot be meant")
    return shape


def _size(message: Any) -> int | None:
    kind = message.WhichOneof("dimension")
    if kind is None:
        raise damaged("an axis of a tensor is neither of a known size nor of an unknown one")
    return int(message.constant.size) if kind == "constant" else None


def _list(message: Any) -> ListType:
    length = _size(message.length) if message.HasField("length") else None
    if length is not None and length > MAX_ELEMENTS:
        raise damaged(f"a list of {length} values cannot be meant")
    return ListType(element=read_type(message.type), length=length)


def _tuple(message: Any) -> TupleType:
    return TupleType(elements=tuple(read_type(element) for element in message.types))


def _dictionary(message: Any) -> DictionaryType:
    return DictionaryType(key=read_type(message.keyType), value=read_type(message.valueType))


def _state(message: Any) -> StateType:
    wrapped = read_type(message.wrappedType)
    if not isinstance(wrapped, TensorType) or wrapped.dtype == "string":
        raise unsupported("a state is not a tensor of numbers")
    return StateType(wrapped=wrapped)


_READERS: dict[str, Callable[[Any], Type]] = {
    "tensorType": _tensor,
    "listType": _list,
    "tupleType": _tuple,
    "dictionaryType": _dictionary,
    "stateType": _state,
}

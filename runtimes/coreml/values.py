"""Values that stand in the file: `Value` messages as literals."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.runtimes.coreml.dtypes import DTYPES
from portproof.runtimes.coreml.faults import damaged, unsupported
from portproof.runtimes.coreml.packed import BITS, packed_bytes, unpack
from portproof.runtimes.coreml.program import DictionaryType, ListType, Literal, TensorType, TupleType, Type
from portproof.runtimes.coreml.types import element_count, read_type
from portproof.runtimes.coreml.weights import Weights

_NUMBERS = {
    "floats": ("float32",),
    "doubles": ("float64",),
    "ints": ("int8", "int16", "int32", "uint8", "uint16"),
    "longInts": ("int64", "uint64"),
    "bools": ("bool",),
}
"""Which element types a field of numbers stands for; ``bytes`` stands for all but bool and string."""


def read_value(message: Any, weights: Weights) -> Literal:
    """A `Value` message as a literal.

    Raises:
        FaultError: ``E-MODEL-FORMAT`` where it is not what its type says, ``E-MODEL-EXTERNAL`` where the weight file is
            not, ``E-MODEL-UNSUPPORTED`` for kinds that no operator takes.
    """
    kind = read_type(message.type)
    if isinstance(kind, TensorType):
        return Literal(type=kind, value=_tensor(message, kind, weights))
    if message.WhichOneof("value") != "immediateValue":
        raise damaged("a value that is no tensor does not stand in the model file")
    return Literal(type=kind, value=_composite(message.immediateValue, kind, weights))


def _tensor(message: Any, kind: TensorType, weights: Weights) -> "NDArray[Any] | str | list[Any]":
    shape = _whole_shape(kind)
    where = message.WhichOneof("value")
    if where == "blobFileValue":
        file = message.blobFileValue
        if kind.dtype not in DTYPES or kind.dtype in {"string", "bool"}:
            raise damaged(f"a tensor of type {kind.dtype} is said to be in a weight file")
        return weights.blob(file.fileName, file.offset, kind.dtype, element_count(shape)).reshape(shape)
    if where is None or message.immediateValue.WhichOneof("value") not in {None, "tensor"}:
        raise damaged("a tensor has no value")
    return _immediate(message.immediateValue.tensor, kind.dtype, shape)


def _whole_shape(kind: TensorType) -> tuple[int, ...]:
    if kind.shape is None or None in kind.shape:
        raise damaged("a value is of a shape that is not known")
    return tuple(size for size in kind.shape if size is not None)


def _immediate(tensor: Any, dtype: str, shape: tuple[int, ...]) -> "NDArray[Any] | str | list[Any]":
    count = element_count(shape)
    field = tensor.WhichOneof("value")
    if field is None:
        _check_count(0, count)
    elif not (dtype in _NUMBERS.get(field, ()) or field == _FIELD_OF.get(dtype, "bytes")):
        raise damaged(f"a tensor of type {dtype} has its values in the field {field}")
    if dtype == "string":
        return _strings(tensor.strings.values, count, shape)
    if field == "bytes":
        array = _of_bytes(tensor.bytes.values, dtype, count)
    else:
        array = _of_numbers(getattr(tensor, field).values if field else (), dtype, count)
    array.flags.writeable = False
    return array.reshape(shape)


_FIELD_OF = {"string": "strings", "bool": "bools"}


def _strings(values: Any, count: int, shape: tuple[int, ...]) -> str | list[str]:
    _check_count(len(values), count)
    return list(values) if shape else str(values[0])


def _of_bytes(data: bytes, dtype: str, count: int) -> "NDArray[Any]":
    needed = packed_bytes(dtype, count) if dtype in BITS else count * np.dtype(dtype).itemsize
    if len(data) != needed:
        raise damaged(f"a tensor of {count} elements of type {dtype} needs {needed} bytes and has {len(data)}")
    if dtype in BITS:
        return unpack(np.frombuffer(data, np.uint8), dtype, count)
    return np.frombuffer(data, np.dtype(dtype))


def _of_numbers(values: Any, dtype: str, count: int) -> "NDArray[Any]":
    _check_count(len(values), count)
    wide = np.int64 if dtype == "uint64" else np.int32
    numbers = np.fromiter(values, wide if DTYPES[dtype].kind == "int" and dtype != "int64" else dtype, count)
    if dtype == "uint64":
        return numbers.view(np.uint64)  # the field's numbers are signed, the bits are the value's
    low, high = DTYPES[dtype].low, DTYPES[dtype].high
    if high and count and not (low <= int(numbers.min()) and int(numbers.max()) <= high):
        raise damaged(f"a tensor of type {dtype} has values outside of {low} to {high}")
    return numbers.astype(dtype, copy=False)


def _check_count(found: int, count: int) -> None:
    if found != count:
        raise damaged(f"a tensor of {count} elements has {found} values")


def _composite(value: Any, kind: Type, weights: Weights) -> Any:
    field = value.WhichOneof("value")
    for known, name, read in _COMPOSITES:
        if isinstance(kind, known):
            if field not in {name, None}:
                raise damaged(f"a {name} has its values in the field {field}")
            return read(getattr(value, name).values, kind, weights)
    raise unsupported(f"a value of type {type(kind).__name__}")


def _list(values: Any, kind: ListType, weights: Weights) -> list[Any]:
    if kind.length not in {None, len(values)}:
        raise damaged(f"a list of {kind.length} has {len(values)} values")
    return [_element(value, kind.element, weights) for value in values]


def _tuple(values: Any, kind: TupleType, weights: Weights) -> list[Any]:
    if len(values) != len(kind.elements):
        raise damaged(f"a tuple of {len(kind.elements)} has {len(values)} values")
    return [_element(value, element, weights) for value, element in zip(values, kind.elements, strict=True)]


def _dictionary(values: Any, kind: DictionaryType, weights: Weights) -> dict[Any, Any]:
    found = {_key(pair.key, kind.key, weights): _element(pair.value, kind.value, weights) for pair in values}
    if len(found) != len(values):
        raise damaged("a dictionary has a key twice")
    return found


def _element(message: Any, kind: Type, weights: Weights) -> Any:
    """A string as it is, anything else as a `Literal`."""
    literal = read_value(message, weights)
    if literal.type != kind:
        raise damaged("an element of a list, tuple or dictionary is of another type than is declared")
    return literal.value if isinstance(literal.value, str) else literal


def _key(message: Any, kind: Type, weights: Weights) -> str | int:
    key = _element(message, kind, weights)
    if isinstance(key, str):
        return key
    if isinstance(key.value, np.ndarray) and key.value.shape == () and key.value.dtype.kind in "iu":
        return int(key.value)
    raise unsupported("a dictionary whose keys are neither strings nor whole numbers")


_COMPOSITES: tuple[tuple[type, str, Callable[..., Any]], ...] = (
    (ListType, "list", _list),
    (TupleType, "tuple", _tuple),
    (DictionaryType, "dictionary", _dictionary),
)

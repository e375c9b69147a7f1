"""Small questions asked of `onnx_ir` values and nodes of the `tfl` dialect."""

import functools
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

DOMAIN = "tfl"
"""The domain of nodes that stand for one TFLite operator each."""

Array = npt.NDArray[Any]


def shape_of(value: ir.Value) -> tuple[int, ...]:
    """The static shape of `value`.

    Raises:
        ValueError: a dimension is not a number; lowering has refused such models before.
    """
    shape = value.shape
    if shape is not None:
        sizes = shape.dims  # asked some hundred times an operator: not through `is_static` and `numpy`, 5 times slower
        for size in sizes:
            if not isinstance(size, int):
                break
        else:
            return cast(tuple[int, ...], sizes)
    raise ValueError(f"{value.name} has no static shape")


def rank_of(value: ir.Value) -> int:
    """The number of dimensions of `value`."""
    return len(shape_of(value))


def dtype_of(value: ir.Value) -> np.dtype[Any]:
    """The numpy type of the elements of `value`."""
    if value.dtype is None:
        raise ValueError(f"{value.name} has no type")
    return value.dtype.numpy()


@functools.cache
def name_of(dtype: np.dtype[Any]) -> str:
    """numpy's name of a type, which numpy spells out anew each time."""
    return str(dtype.name)


def array_of(value: ir.Value | None) -> Array | None:
    """The constant that `value` holds, or None when it is computed at run time (or absent)."""
    if value is None or value.const_value is None:
        return None
    return value.const_value.numpy()


def ints_of(value: ir.Value) -> list[int]:
    """The integers of a constant parameter such as axes, paddings or a shape, flattened."""
    array = array_of(value)
    if array is None:
        raise ValueError(f"{value.name} is not a constant")
    return [int(item) for item in array.reshape(-1)]


def constant(array: Array, name: str | None = None) -> ir.Value:
    """A value that holds `array`."""
    array = np.asarray(array)
    tensor = ir.Tensor(array, name=name)
    return ir.Value(name=name, shape=ir.Shape(array.shape), type=ir.TensorType(tensor.dtype), const_value=tensor)


def replace_constant(node: ir.Node, index: int, array: Array) -> None:
    """Gives `node` a new constant as its input `index`, leaving the old one to its other users."""
    old = node.inputs[index]
    node.replace_input_with(index, constant(array, old.name if old is not None else None))


def attribute(node: ir.Node, name: str, default: Any = None) -> Any:
    """The value of an attribute of a `tfl` node: int, float, str or list."""
    found = node.attributes.get(name)
    return default if found is None else found.value


def set_attribute(node: ir.Node, name: str, value: int | float | str | Sequence[int]) -> None:
    """Sets or replaces an attribute of a `tfl` node."""
    node.attributes[name] = ir.convenience.convert_attribute(name, value)


def is_run_time(value: ir.Value | None) -> bool:
    """Whether `value` is there and is computed at run time."""
    return value is not None and value.const_value is None


def is_constant(value: ir.Value | None) -> bool:
    """Whether `value` is there and is known now."""
    return value is not None and value.const_value is not None


def bytes_of(array: Array | memoryview) -> memoryview:
    """The elements of `array` as bytes, in their logical order; without a copy where that is how they lie."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(np.uint8).data if flat.size else memoryview(b"")

"""Lists of tensors: make_list and what reads and writes them.

A list starts as zeros. One of dynamic length grows when something is written behind its end, with zeros in between; any
other index outside of a list is an error. Lists are values: a write gives a new one.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op

_DTYPES = {"fp16": torch.float32, "fp32": torch.float32, "int32": torch.int32, "bool": torch.bool}


@dataclass(frozen=True, kw_only=True, eq=False)
class TensorList:
    """A list of tensors of one shape; None stands for zeros.

    Attributes:
        elements: in order.
        shape: of one element, None for a size that the program leaves open.
        dtype: of the elements, as they are held.
        dynamic: whether it may grow.
    """

    elements: tuple[torch.Tensor | None, ...]
    shape: tuple[int | None, ...]
    dtype: torch.dtype
    dynamic: bool

    def read(self, index: int) -> torch.Tensor:
        """The element there; IndexError outside, ValueError for zeros whose shape nothing tells."""
        if not 0 <= index < len(self.elements):
            raise IndexError(f"index {index} is out of range for a list of {len(self.elements)}")
        element = self.elements[index]
        return torch.zeros(self._known_shape(), dtype=self.dtype) if element is None else element

    def _known_shape(self) -> list[int]:
        written = next((element for element in self.elements if element is not None), None)
        shape = self.shape if written is None else written.shape
        if None in shape:
            raise ValueError("an element is read before any was written, and its shape is not known")
        return [size for size in shape if size is not None]

    def write(self, index: int, value: torch.Tensor, context: Context) -> "TensorList":
        """The list with another element."""
        sizes = zip(self.shape, value.shape, strict=False)
        if len(self.shape) != value.dim() or any(want not in (None, size) for want, size in sizes):
            raise ValueError(f"the elements have the shape {list(self.shape)}, and the value {list(value.shape)}")
        elements = list(self.elements)
        if index < 0 or (index >= len(elements) and not self.dynamic):
            raise IndexError(f"index {index} is out of range for a list of {len(elements)}")
        if index >= len(elements):
            context.check_size([index + 1])
            elements += [None] * (index + 1 - len(elements))
        elements[index] = value
        return replace(self, elements=tuple(elements))


def _list(value: Any) -> TensorList:
    if not isinstance(value, TensorList):
        raise TypeError(f"a list is needed, not a {type(value).__name__}")
    return value


@mil_op("make_list", exact=True)
def make_list(
    elem_shape: list[Any],
    context: Context,
    init_length: int = 1,
    dynamic_length: bool = True,
    dtype: str = "fp32",
) -> TensorList:
    """Zeros; a string in `elem_shape` is a size that is only known when running."""
    if dtype not in _DTYPES:
        raise ValueError(f"dtype {dtype!r} is none of {', '.join(_DTYPES)}")
    context.check_size([init_length])
    sizes = [_sizes(size) for size in elem_shape]
    return TensorList(
        elements=(None,) * init_length,
        shape=tuple(size for vector in sizes for size in vector),
        dtype=_DTYPES[dtype],
        dynamic=dynamic_length,
    )


def _sizes(value: Any) -> list[int | None]:
    if isinstance(value, str):
        return [None]
    if not isinstance(value, torch.Tensor) or value.dtype.is_floating_point or bool((value < 0).any()):
        raise TypeError("the sizes of an element are whole numbers, or names")
    return [int(size) for size in value.reshape(-1)]


@mil_op("list_length", exact=True)
def list_length(ls: Any) -> torch.Tensor:
    """How many elements there are, int32."""
    return torch.tensor(len(_list(ls).elements), dtype=torch.int32)


@mil_op("list_read", exact=True)
def list_read(ls: Any, index: int) -> torch.Tensor:
    """One element."""
    return _list(ls).read(index)


@mil_op("list_write", exact=True)
def list_write(ls: Any, index: int, value: torch.Tensor, context: Context) -> TensorList:
    """The list with another element."""
    return _list(ls).write(index, value, context)


@mil_op("list_gather", exact=True)
def list_gather(ls: Any, indices: list[int]) -> torch.Tensor:
    """Some elements as one tensor."""
    found = _list(ls)
    if not indices:
        return torch.zeros([0, *found._known_shape()], dtype=found.dtype)
    return torch.stack([found.read(index) for index in indices])


@mil_op("list_scatter", exact=True)
def list_scatter(ls: Any, indices: list[int], value: torch.Tensor, context: Context) -> TensorList:
    """The list with ``value[i]`` at ``indices[i]``."""
    written = _list(ls)
    if len(indices) != value.shape[0]:
        raise ValueError(f"{value.shape[0]} values for {len(indices)} indices")
    for index, element in zip(indices, value, strict=True):
        written = written.write(index, element, context)
    return written

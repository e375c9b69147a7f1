"""What an ONNX value is while it is lowered: a tensor of the program, or a list of tensors, or nothing.

A sequence of ONNX has a length that is known when the file is written; it exists only here, never in the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from portproof.exporter.coreml.values import Var, is_var
from portproof.exporter.lowering.refusal import Refusal, UnknownShape


@dataclass(frozen=True, kw_only=True)
class TensorList:
    """A sequence of ONNX: tensors, each of its own shape."""

    items: tuple[Var, ...]


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """An optional of ONNX that holds nothing; one that holds something is what it holds."""


@dataclass(frozen=True, kw_only=True)
class Folded:
    """A tensor of more axes than Core ML has: what lies between two Reshape, as its elements in their order.

    Attributes:
        tensor: the elements, in any shape.
        shape: the one they have in the ONNX model.
    """

    tensor: Var
    shape: tuple[int, ...]


Item: TypeAlias = Var | TensorList | Nothing | Folded


def tensors_of(item: Item | None, what: str) -> tuple[Var, ...]:
    """The tensors of a sequence.

    Raises:
        Refusal: `item` is no sequence; `what` names it.
    """
    if isinstance(item, TensorList):
        return item.items
    if is_var(item):  # the output of a node that was refused: a consequence, not a finding
        raise UnknownShape(f"{what} is not known when the file is written")
    raise Refusal(f"{what} holds nothing")


def flat(items: Sequence[Item]) -> list[Var]:
    """All tensors of `items`, in order.

    Raises:
        Refusal: one has more axes than Core ML.
    """
    return [tensor for item in items for tensor in _tensors(item)]


def like(items: Sequence[Item], tensors: Sequence[Var]) -> list[Item]:
    """`tensors` put together as `items` are; the inverse of `flat`."""
    left = iter(tensors)
    return [_like(item, left) for item in items]


def same_form(items: Sequence[Item], others: Sequence[Item]) -> bool:
    """Whether tensors stand for tensors, and lists for lists of the same length."""
    return len(items) == len(others) and all(_form(a) == _form(b) for a, b in zip(items, others, strict=True))


def _tensors(item: Item) -> tuple[Var, ...]:
    if isinstance(item, Nothing):
        return ()
    if isinstance(item, Folded):
        raise Refusal(f"a value has {len(item.shape)} axes, more than Core ML has", "merge axes")
    return item.items if isinstance(item, TensorList) else (item,)


def _like(item: Item, left: Iterator[Var]) -> Item:
    if isinstance(item, Nothing):
        return item
    if isinstance(item, TensorList):
        return TensorList(items=tuple(next(left) for _ in item.items))
    return next(left)


def _form(item: Item) -> tuple[str, int]:
    kind = type(item).__name__ if isinstance(item, TensorList | Nothing) else "tensor"
    return kind, len(_tensors(item))

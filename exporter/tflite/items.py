"""What an ONNX value is while it is lowered: a tensor, or what TFLite has no tensor for, a list of tensors or nothing.

A sequence of ONNX has a length that is known when the file is written; it exists only here, never in the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal, UnknownShape


@dataclass(frozen=True, kw_only=True)
class TensorList:
    """A sequence of ONNX.

    Attributes:
        items: tensors, each of its own shape.
        stacked: all of them along a new first axis, where that is how they came to be; None where it is not.
    """

    items: tuple[ir.Value, ...]
    stacked: ir.Value | None = None


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """An optional of ONNX that holds nothing; one that holds something is what it holds."""


Item: TypeAlias = ir.Value | TensorList | Nothing


def tensors_of(item: Item | None, what: str) -> tuple[ir.Value, ...]:
    """The tensors of a sequence.

    Raises:
        Refusal: `item` is no sequence; `what` names it.
    """
    if isinstance(item, TensorList):
        return item.items
    if isinstance(item, ir.Value):  # the output of a node that was refused: a consequence, not a finding
        raise UnknownShape(f"{what} is not known when the file is written")
    raise Refusal(f"{what} holds nothing")


def flat(items: Sequence[Item]) -> list[ir.Value]:
    """All tensors of `items`, in order."""
    return [tensor for item in items for tensor in _tensors(item)]


def like(items: Sequence[Item], tensors: Sequence[ir.Value]) -> list[Item]:
    """`tensors` put together as `items` are; the inverse of `flat`."""
    left = iter(tensors)
    return [_like(item, left) for item in items]


def same_form(items: Sequence[Item], others: Sequence[Item]) -> bool:
    """Whether tensors stand for tensors, and lists for lists of the same length."""
    return len(items) == len(others) and all(_form(a) == _form(b) for a, b in zip(items, others, strict=True))


def _tensors(item: Item) -> tuple[ir.Value, ...]:
    if isinstance(item, Nothing):
        return ()
    return item.items if isinstance(item, TensorList) else (item,)


def _like(item: Item, left: Iterator[ir.Value]) -> Item:
    if isinstance(item, Nothing):
        return item
    if isinstance(item, TensorList):
        return TensorList(items=tuple(next(left) for _ in item.items))
    return next(left)


def _form(item: Item) -> tuple[str, int]:
    return type(item).__name__, len(_tensors(item))

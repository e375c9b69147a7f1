"""What an ONNX value is while it is lowered: a tensor of the program, or a list of tensors, or nothing.

A sequence of ONNX has a length that is known when the file is written; it exists only here, never in the file.
"""

from dataclasses import dataclass
from typing import TypeAlias

from portproof.exporter.coreml.values import Var


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

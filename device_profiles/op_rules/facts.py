"""What a rule sees of an operator: a plain record, the same for TFLite, ONNX and MIL. No tensors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Dialect = Literal["tflite", "onnx", "mil"]
Shape = tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class TensorFacts:
    """One input or output of an operator.

    Attributes:
        name: unique in its graph.
        shape: None where not known; a size is None where it is known only when running.
        dtype: numpy's name of the elements' type: ``"float32"``, ``"int8"``, ``"bool"``; "" where not known.
        constant: whether it is known now.
        values: of a small constant, flattened; empty otherwise.
        scales: of a quantized tensor: one, or one an entry of `axis`; empty where it is not quantized.
        zero_points: as many.
        axis: of the scales.
        largest_sum: of a constant: the largest sum of absolute integers over an output channel; None if not asked for.
    """

    name: str = ""
    shape: Shape | None = None
    dtype: str = ""
    constant: bool = False
    values: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    axis: int = 0
    largest_sum: float | None = None

    @property
    def rank(self) -> int:
        """The number of axes; 0 where the shape is not known."""
        return len(self.shape or ())

    @property
    def is_static(self) -> bool:
        """Whether all sizes are known."""
        return self.shape is not None and None not in self.shape

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """The shape with 1 for sizes that are not known."""
        return tuple(size or 1 if size is None else size for size in self.shape or ())

    @property
    def quantization(self) -> tuple[tuple[float, ...], tuple[int, ...]]:
        """What its integers stand for; equal for tensors of one encoding."""
        return self.scales, self.zero_points


@dataclass(frozen=True, kw_only=True)
class OpFacts:
    """One operator.

    Attributes:
        dialect: whose names and attributes these are.
        op: its type: ``"CONV_2D"``, ``"Conv"``, ``"conv"``.
        name: of the node, or of what it computes.
        inputs: by position; None where one is left out.
        outputs: by position.
        attributes: numbers, texts, lists of them, as the dialect names them; defaults may be left out.
        version: of the operator in its dialect (TFLite's version, ONNX's since_version); 0 where not known.
        pattern: what it is a part of, where exporters write something larger so: ``"Gelu"``.
        inside: the operator in whose body it stands: ``"WHILE"``; empty in the main graph.
    """

    dialect: Dialect
    op: str
    name: str = ""
    inputs: tuple[TensorFacts | None, ...] = ()
    outputs: tuple[TensorFacts, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)
    version: int = 0
    pattern: str = ""
    inside: str = ""

    def input(self, index: int) -> TensorFacts | None:
        """An input, None where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    @cached_property
    def computed(self) -> tuple[TensorFacts, ...]:
        """The inputs that are known only when running."""
        return tuple(tensor for tensor in self.inputs if tensor is not None and not tensor.constant)

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        found = self.attributes.get(name, default)
        return int(found) if isinstance(found, int | float) else default

    def text(self, name: str, default: str) -> str:
        """A text attribute."""
        found = self.attributes.get(name, default)
        return found.decode() if isinstance(found, bytes) else str(found)

    def numbers(self, name: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """A list of integers."""
        found = self.attributes.get(name)
        return tuple(int(each) for each in found) if isinstance(found, list | tuple) else default

"""Builds nodes of the `tfl` dialect: one node is one TFLite operator."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from portproof.exporter.tflite.items import Item
from portproof.exporter.tflite.values import DOMAIN, Array, constant

DTypeLike = npt.DTypeLike


class Builder:
    """Collects the `tfl` nodes that stand for one ONNX node after the other.

    Every emitted node inherits the metadata (torch module path and line) of the ONNX node being lowered.

    Attributes:
        nodes: what was emitted, in order of execution.
        source: the ONNX node being lowered.
        opset: the version of the ONNX operator set the model was written for.
        lookup: what a value of the ONNX model around the node being lowered has become; bodies read such values.
    """

    def __init__(self, opset: int) -> None:
        self.nodes: list[ir.Node] = []
        self.source: ir.Node | None = None
        self.opset = opset
        self.lookup: Callable[[ir.Value], Item] | None = None

    def inner(self) -> "Builder":
        """A builder for the nodes of a subgraph that the node being lowered runs."""
        b = Builder(self.opset)
        b.source = self.source
        return b

    def const(self, array: Array | Sequence[Any] | float, dtype: DTypeLike | None = None) -> ir.Value:
        """A constant."""
        return constant(np.asarray(array, dtype=dtype))

    def ints(self, numbers: Iterable[int], dtype: DTypeLike = np.int32) -> ir.Value:
        """A rank-1 integer parameter, int32 unless told otherwise."""
        return constant(np.array(list(numbers), dtype=dtype))

    def emit(
        self,
        op: str,
        inputs: Sequence[ir.Value | None],
        *,
        shape: Sequence[int],
        dtype: DTypeLike,
        **attributes: Any,
    ) -> ir.Value:
        """Emits one operator with one output.

        Args:
            op: the name in TFLite's `BuiltinOperator`, such as ``"CONV_2D"``.
            inputs: tensors in the operator's order; None where an optional one is absent.
            shape: of the output.
            dtype: of the output's elements.
            attributes: fields of the operator's options table, by their names in the schema (snake case).
        """
        return self.emit_many(op, inputs, outputs=[(shape, dtype)], **attributes)[0]

    def emit_many(
        self,
        op: str,
        inputs: Sequence[ir.Value | None],
        *,
        outputs: Sequence[tuple[Sequence[int], DTypeLike]],
        **attributes: Any,
    ) -> tuple[ir.Value, ...]:
        """Emits one operator with several outputs, each given as (shape, dtype)."""
        values = [_value(shape, dtype) for shape, dtype in outputs]
        node = ir.Node(
            DOMAIN,
            op,
            inputs,
            [_attribute(name, _plain(item)) for name, item in attributes.items()],
            outputs=values,
        )
        if self.source is not None:
            node.metadata_props.update(self.source.metadata_props)
        self.nodes.append(node)
        return tuple(values)


def _value(shape: Sequence[int], dtype: DTypeLike) -> ir.Value:
    data_type = ir.DataType.from_numpy(np.dtype(dtype))
    return ir.Value(shape=ir.Shape([int(size) for size in shape]), type=ir.TensorType(data_type))


def _attribute(name: str, item: Any) -> ir.Attr:
    """Empty lists are those of scalars' shapes: onnx_ir cannot know that they hold integers."""
    return (
        ir.AttrInt64s(name, []) if isinstance(item, list) and not item else ir.convenience.convert_attribute(name, item)
    )


def _plain(item: Any) -> Any:
    """Booleans are written as 0 and 1, numpy numbers as Python's."""
    if isinstance(item, bool | np.bool_ | np.integer):
        return int(item)
    return float(item) if isinstance(item, np.floating) else item

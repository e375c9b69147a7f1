"""Operators that give back their input: Identity and Dropout as it is at inference."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.items import Item
from portproof.exporter.coreml.make.parameter import has_output
from portproof.exporter.coreml.registry import onnx_op, takes_narrow
from portproof.exporter.coreml.values import Var, array_of, dtype_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("Identity")
@takes_narrow
def identity(b: Builder, x: Item) -> Item:
    """Nothing is emitted."""
    return x


@onnx_op("Dropout", since=7)
def dropout(b: Builder, x: Var, *, ratio: float) -> Sequence[Var | None]:
    """Drops nothing at inference, whatever the ratio; the mask is all ones."""
    return [x, _mask(b, x)]


@onnx_op("Dropout", since=12, note="not in training mode")
def dropout_12(
    b: Builder, x: Var, ratio: Var | None = None, training_mode: Var | None = None, *, seed: int | None
) -> Sequence[Var | None]:
    """The same, with the ratio as an input; a ratio of 0 drops nothing in training either."""
    if not (_is_zero(training_mode) or (ratio is not None and _is_zero(ratio))):
        raise Refusal("Dropout in training mode draws random numbers", "export the model in eval mode")
    return [x, _mask(b, x)]


def _is_zero(value: Var | None) -> bool:
    """Whether `value` is left out, or a constant false or 0."""
    array = array_of(value)
    return value is None or (array is not None and not array.any())


def _mask(b: Builder, x: Var) -> Var | None:
    """All ones, in the type the opset gives it (the data's up to 9, bool from 10 on); None when nobody names it."""
    if not has_output(b, 1):
        return None
    return b.const(np.ones(shape_of(x), bool if b.opset >= 10 else dtype_of(x)))

"""Attention masks that a scale can hold: -1e9 or -inf in front of a softmax become -100.

One such value stretches the range of the scores so far that all others fall on one integer. Behind the softmax
``exp(-100)`` is as good as 0, as long as the scores themselves stay well within 100. (A row that is masked as a whole
is the exception: it is a softmax of plain scores then, where it was uniform or NaN before.)
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from portproof.calibration.graph.access import constant
from portproof.calibration.steps import Context

if TYPE_CHECKING:
    import onnx_ir as ir

FLOOR = -100.0
# Nothing that a network computes with on purpose, and what masks are made of.
_LEAST = -1e4
_PASSES = frozenset(
    {"Add", "Cast", "Concat", "Expand", "Gather", "Identity", "Max", "Mul", "Reshape", "Slice", "Squeeze", "Sub"}
    | {"Tile", "Transpose", "Trilu", "Unsqueeze", "Where"}
)
_ATTENTION_MASK = 3


class ClampMasks:
    """Raises the constants of attention masks to -100, where all that they reach is the input of a softmax.

    Attributes:
        name: as the report shows it.
    """

    name = "attention masks"
    adds_float = False

    def groups(self, model: "ir.Model") -> tuple[str, ...]:
        """The names of the constants."""
        return tuple(value.name or "" for value in _masks(model))

    def apply(self, model: "ir.Model", groups: Collection[str], context: Context | None = None) -> None:  # noqa: ARG002 - of the protocol
        """Raise these constants."""
        import onnx_ir as ir

        for value in _masks(model):
            array = constant(value)
            if value.name in groups and array is not None:
                raised = np.maximum(array, np.asarray(FLOOR, array.dtype))
                value.const_value = ir.tensor(raised, name=value.name)


def _masks(model: "ir.Model") -> "list[ir.Value]":
    return [value for value in model.graph.initializers.values() if _is_low(value) and _ends_in_softmax(value)]


def _is_low(value: "ir.Value") -> bool:
    if value.dtype is None or not value.dtype.is_floating_point():
        return False
    array = constant(value)
    return array is not None and array.size > 0 and bool(array.min() <= _LEAST)


def _ends_in_softmax(start: "ir.Value") -> bool:
    """Whether every way from a value leads through sums, choices and movement into a softmax."""
    waiting, seen = [start], {start}
    while waiting:
        value = waiting.pop()
        if value.is_graph_output() or not value.uses():
            return False
        for node, index in value.uses():
            if node.op_type == "Softmax" or (node.op_type == "Attention" and index == _ATTENTION_MASK):
                continue
            if node.op_type not in _PASSES or node.graph is not start.graph:
                return False
            waiting += [out for out in node.outputs if out not in seen]
            seen.update(node.outputs)
    return True

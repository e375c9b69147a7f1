"""Loop: its steps one after the other, or MIL's while_loop."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.items import Item
from portproof.exporter.coreml.make.iterate import Iteration, Stepped, iterate
from portproof.exporter.coreml.make.movement import reshape
from portproof.exporter.coreml.registry import onnx_op, saturates
from portproof.exporter.coreml.values import Var, array_of, is_var
from portproof.exporter.lowering.refusal import Refusal

_NEVER_REACHED = np.iinfo(np.int32).max
"""Steps that no run takes: the number that exporters write for a loop without a limit is larger still."""


@onnx_op("Loop", note="a loop of no steps gives no stacked output")
@saturates
def loop(
    b: Builder, count: Var | None = None, cond: Var | None = None, *states: Item, body: ir.Graph
) -> Sequence[Item | None]:
    """At most `count` steps, while `cond` holds; it is what the step before gave, or for the first one the input.

    A condition that is left out is true before the first step. What the steps give still counts, as in ONNX Runtime
    and in ONNX's evaluator (the text of the operator says that it does not).
    """
    most, late = _limit(b, count)
    first = None if cond is None else array_of(cond)
    if first is not None and not first.all():
        most, late = 0, None

    def step(time: Var, before: Sequence[Item]) -> Stepped:
        number = reshape(b, time, _shape(body.inputs[0]))
        true = b.const(np.ones(_shape(body.inputs[1]), bool))  # a step runs only where it is
        going, *rest = b.lowering.body(body, [number, true, *before])
        rows = rest[len(states) :]
        if not is_var(going) or not all(map(is_var, rows)):
            raise Refusal("a step gives a sequence where a tensor is due")
        return Stepped(going=going, states=rest[: len(states)], rows=rows)

    done = iterate(
        b,
        Iteration(
            step=step,
            states=states,
            count=most,
            late_count=late,
            going=cond if first is None else None,
            backwards=[False] * (len(body.outputs) - 1 - len(states)),
        ),
    )
    return [*done.states, *done.stacked]


def _limit(b: Builder, count: Var | None) -> tuple[int | None, Var | None]:
    """The most steps as a number, or as a value of the run; both None where there is no limit."""
    if count is None:
        return None, None
    known = array_of(count)
    if known is None:
        return None, reshape(b, count, ())
    most = max(int(known.reshape(-1)[0]), 0)
    return (most if most < _NEVER_REACHED else None), None


def _shape(value: ir.Value) -> tuple[int, ...]:
    """Of the number of a step or of the condition: a scalar, or one element."""
    return (1,) if value.shape is not None and len(value.shape) == 1 else ()

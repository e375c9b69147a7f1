"""Loop: a WHILE, or its steps one after the other."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.body import captured, inline, outer
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import Item
from portproof.exporter.tflite.make.appended import appended_lists, with_lists, without_lists
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.iterate import iterate
from portproof.exporter.tflite.make.iteration import OPEN, Iteration, Stepped, discard
from portproof.exporter.tflite.make.late import late_int32
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.outputs import is_read
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of

_NEVER_REACHED = np.iinfo(np.int32).max
"""Steps that no run takes: the number that exporters write for a loop without a limit is larger still."""
_UNREAD = -2
"""In place of a number of rows: nobody reads them."""


@onnx_op(
    "Loop",
    note="steps counted at run time: values keep their shapes, stacked outputs are the model's or declare their rows",
)
def loop(
    b: Builder, count: ir.Value | None = None, cond: ir.Value | None = None, *states: Item, body: ir.Graph
) -> Sequence[Item | None]:
    """At most `count` steps, while `cond` holds; it is what the step before gave, or for the first one the input.

    A condition that is left out is true before the first step. What the steps give still counts, as in ONNX Runtime
    and in ONNX's evaluator (the text of the operator says that it does not).
    """
    emitted, appended = len(b.nodes), appended_lists(body, states)
    rows = [_declared(b, index) for index in range(len(states), len(body.outputs) - 1)]
    if appended and count is not None and array_of(count) is not None:
        try:
            changed = without_lists(body, appended)
            kept = [state for index, state in enumerate(states) if index not in appended]
            done = _iterated(b, count, cond, kept, changed, [*rows, *[None] * len(appended)])
            return with_lists(b, done, appended)
        except Refusal:  # rows of different shapes, or of an unknown number: they stay lists
            discard(b, emitted)
    return _iterated(b, count, cond, states, body, rows)


def _iterated(
    b: Builder,
    count: ir.Value | None,
    cond: ir.Value | None,
    states: Sequence[Item],
    body: ir.Graph | ir.GraphView,
    declared: Sequence[int | None],
) -> list[Item | None]:
    """The states after the last step, then the stacked outputs, of so many rows each; None for those not read."""
    free = captured(body)
    most, late = _limit(b, count)
    first = None if cond is None else array_of(cond)
    if first is not None and not first.all():
        most, late = 0, None

    def step(inner: Builder, time: ir.Value, before: Sequence[Item], read: Sequence[Item]) -> Stepped:
        number = reshape(inner, cast(inner, time, "int64"), _shape(body.inputs[0]))
        true = inner.const(np.ones(_shape(body.inputs[1]), bool))  # a step runs only where it is
        lookup = dict(zip(free, read, strict=True)).__getitem__
        going, *rest = inline(inner, body, [number, true, *before], lookup)
        rows = rest[len(before) :]
        kept = [_tensor(row) for row, size in zip(rows, declared, strict=True) if size != _UNREAD]
        return Stepped(going=_tensor(going), states=rest[: len(before)], rows=kept)

    done = iterate(
        b,
        Iteration(
            step=step,
            states=states,
            free=[outer(b)(value) for value in free],
            count=most,
            late_count=late,
            going=cond if first is None else None,
            names=[str(value.name) for value in body.inputs[2:]],
            backwards=[False for size in declared if size != _UNREAD],
            declared=[size for size in declared if size != _UNREAD],
        ),
    )
    stacked = iter(done.stacked)
    return [*done.states, *(None if size == _UNREAD else next(stacked) for size in declared)]


def _limit(b: Builder, count: ir.Value | None) -> tuple[int | None, ir.Value | None]:
    """The most steps as a number, or as a value of the run; both None where there is no limit."""
    if count is None:
        return None, None
    known = array_of(count)
    if known is None:
        return None, reshape(b, late_int32(b, count), ())
    most = max(int(known.reshape(-1)[0]), 0)
    return (most if most < _NEVER_REACHED else None), None


def _shape(value: ir.Value) -> tuple[int, ...]:
    """Of the number of a step or of the condition: a scalar, or one element."""
    return (1,) if value.shape is not None and len(value.shape) == 1 else ()


def _declared(b: Builder, index: int) -> int | None:
    """How many rows the model declares for an output; `OPEN` for one of the model that nothing else reads."""
    if b.source is None or not is_read(b, index):
        return _UNREAD
    output = b.source.outputs[index]
    size = output.shape[0] if output.shape is not None and len(output.shape) else None
    if isinstance(size, int):
        return size
    return OPEN if output.is_graph_output() and not output.consumers() else None


def _tensor(item: Item) -> ir.Value:
    if not isinstance(item, ir.Value):
        raise Refusal("a step gives a sequence where a tensor is due")
    return item

"""Sequences that a loop appends a tensor to in every step: rows of a stacked output, and no lists.

outputs = []                      Given: s, ... = Loop(n, yes, SequenceEmpty(), ...) {t = SequenceInsert(s, x)}
for row in rows:                         y = ConcatFromSequence<new_axis=1>(s)
outputs.append(f(row))
y = torch.stack(outputs)          Result: rows, ... = Loop(n, yes, ...) {x};  y = rows
"""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import Item, TensorList
from portproof.exporter.tflite.make.movement import reshape, slice_
from portproof.exporter.tflite.values import shape_of


def appended_lists(body: ir.Graph, states: Sequence[Item]) -> list[int]:
    """The numbers of the states of a Loop that are empty lists at first, to which each step only appends."""
    return [index for index, state in enumerate(states) if state == TensorList(items=()) and _append(body, index)]


def without_lists(body: ir.Graph, appended: Sequence[int]) -> ir.GraphView:
    """The body without these states; what it appended to them are stacked outputs behind the others."""
    inserts = [_append(body, index) for index in appended]
    gone = {index + 2 for index in appended}  # behind the number of the step and the condition
    inputs = [value for index, value in enumerate(body.inputs) if index not in gone]
    outputs = [value for index, value in enumerate(body.outputs) if index + 1 not in gone]
    rows = [node.inputs[1] for node in inserts if node is not None and node.inputs[1] is not None]
    return ir.GraphView(
        inputs,
        [*outputs, *rows],
        nodes=[node for node in body if node not in inserts],
        initializers=list(body.initializers.values()),
        name=body.name,
    )


def with_lists(b: Builder, results: Sequence[Item | None], appended: Sequence[int]) -> list[Item | None]:
    """The outputs of the Loop: the stacked ones at the end become lists again, in the places of their states."""
    whole = list(results[: len(results) - len(appended)])
    for index, stacked in zip(appended, results[len(results) - len(appended) :], strict=True):
        if isinstance(stacked, ir.Value):
            whole.insert(index, TensorList(items=_rows(b, stacked), stacked=stacked))
    return whole


def _append(body: ir.Graph, index: int) -> ir.Node | None:
    """The node that makes state `index` of itself and one more tensor at its end, where nothing else reads either."""
    before, after = body.inputs[index + 2], body.outputs[index + 1]
    node = after.producer()
    if node is None or node.op_type != "SequenceInsert" or node.inputs[0] is not before or node.graph is not body:
        return None
    at_its_end = len(node.inputs) == 2 or node.inputs[2] is None
    return node if at_its_end and len(before.uses()) == 1 and not after.uses() else None


def _rows(b: Builder, stacked: ir.Value) -> tuple[ir.Value, ...]:
    """Each row by itself; where only the whole is read they are dead code."""
    count, *shape = shape_of(stacked)
    starts = ([index, *[0] * len(shape)] for index in range(count))
    return tuple(reshape(b, slice_(b, stacked, start, (1, *shape)), shape) for start in starts)

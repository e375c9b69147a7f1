"""If: the branch taken where the condition is known, the two as subgraphs of an IF where it is not."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.device_profiles.errors import Message
from portproof.exporter.lowering.refusal import Refusal, RefusedInside
from portproof.exporter.tflite.body import Lookup, captured, inline, outer
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import Item, flat, like, same_form
from portproof.exporter.tflite.make.movement import reshape
from portproof.exporter.tflite.make.subgraph import Operands, closed_graph
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of, dtype_of, shape_of


@onnx_op("If", note="a condition computed at run time: branches of equal shapes")
def if_(b: Builder, cond: ir.Value, *, then_branch: ir.Graph, else_branch: ir.Graph) -> Sequence[Item | None]:
    """Both branches read the same operands: all that either of them captures."""
    known = array_of(cond)
    if known is not None:
        return inline(b, then_branch if known.reshape(-1)[0] else else_branch, [], outer(b))
    free = captured(then_branch, else_branch)
    operands = Operands([outer(b)(value) for value in free])
    (then, forms), (other, others) = _branches(b, [then_branch, else_branch], free, operands)
    if not same_form(forms, others):
        raise Refusal("its branches give sequences of different lengths")
    shapes, other_shapes = ([shape_of(value) for value in graph.outputs] for graph in (then, other))
    if shapes != other_shapes:
        raise Refusal(f"its branches give different shapes: {_text(shapes)} and {_text(other_shapes)}")
    results = b.emit_many(
        "IF",
        [reshape(b, cond, ()), *operands.run_time],
        outputs=[(shape_of(value), dtype_of(value)) for value in then.outputs],
        **{"then": then, "else": other},
    )
    return like(forms, results)


def _branches(
    b: Builder, branches: Sequence[ir.Graph], free: Sequence[ir.Value], operands: Operands
) -> list[tuple[ir.Graph, list[Item]]]:
    """Both, or all that is wrong with both."""
    made: list[tuple[ir.Graph, list[Item]]] = []
    messages: list[Message] = []
    for name, branch in zip(("then", "else"), branches, strict=True):
        try:
            made.append(_branch(b, name, branch, free, operands))
        except RefusedInside as refusal:
            messages += refusal.messages
    if messages:
        raise RefusedInside(messages)
    return made


def _branch(
    b: Builder, name: str, branch: ir.Graph, free: Sequence[ir.Value], operands: Operands
) -> tuple[ir.Graph, list[Item]]:
    inner = b.inner()
    inputs, items = operands.parameters("in")
    results = inline(inner, branch, [], _lookup(free, items))
    return closed_graph(inner, name, inputs, flat(results)), results


def _lookup(free: Sequence[ir.Value], items: Sequence[Item]) -> Lookup:
    return dict(zip(free, items, strict=True)).__getitem__


def _text(shapes: Sequence[Sequence[int]]) -> str:
    return ", ".join("x".join(map(str, shape)) or "scalar" for shape in shapes)

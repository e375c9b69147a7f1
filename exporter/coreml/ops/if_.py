"""If: the branch taken where the condition is known, MIL's cond with both where it is not."""

from collections.abc import Callable, Sequence

import onnx_ir as ir

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.items import Item, flat, like, same_form
from portproof.exporter.coreml.make.blocks import opaque
from portproof.exporter.coreml.make.movement import reshape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, is_known, shape_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("If", note="a condition computed at run time: branches of equal shapes")
def if_(b: Builder, cond: Var, *, then_branch: ir.Graph, else_branch: ir.Graph) -> Sequence[Item | None]:
    """Both branches read what is around them."""
    known = array_of(cond)
    if known is not None:
        return b.lowering.body(then_branch if known.reshape(-1)[0] else else_branch, [])
    forms: list[list[Item]] = []

    def branch(graph: ir.Graph) -> Callable[[], list[Var]]:
        def made() -> list[Var]:
            forms.append(b.lowering.body(graph, []))
            if len(forms) == 2:
                _compare(*forms)
            return [opaque(b, tensor) for tensor in flat(forms[-1])]

        return made

    results = b.emit("cond", pred=reshape(b, cond, ()), _true_fn=branch(then_branch), _false_fn=branch(else_branch))
    return like(forms[0], list(results) if isinstance(results, tuple | list) else [results])


def _compare(then: Sequence[Item], other: Sequence[Item]) -> None:
    if not same_form(then, other):
        raise Refusal("its branches give sequences of different lengths")
    pairs = [pair for pair in zip(flat(then), flat(other), strict=True) if all(map(is_known, pair))]
    if any(shape_of(one) != shape_of(two) for one, two in pairs):
        shapes = [", ".join("x".join(map(str, shape_of(pair[side]))) or "scalar" for pair in pairs) for side in (0, 1)]
        raise Refusal(f"its branches give different shapes: {shapes[0]} and {shapes[1]}")

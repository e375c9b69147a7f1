"""ArgMax, ArgMin and TopK. ONNX does not say where NaN stands in the order, and the runtimes differ."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.extremes import place_of_extreme
from portproof.exporter.coreml.make.parameter import constant_ints, declared_shape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, dtype_of, rank_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("ArgMax", "ArgMin")
def arg_extreme(b: Builder, x: Var, *, axis: int, keepdims: int, select_last_index: int | None, op_type: str) -> Var:
    """The first place of the extreme value, or the last (opset 12)."""
    along, largest = resolve_axis(axis, rank_of(x)), op_type == "ArgMax"
    if not isinstance(x.shape[along], int | np.integer):
        if select_last_index:
            raise Refusal("select_last_index along an axis whose size is known only at run time")
        return b.emit(f"reduce_{op_type.lower()}", x=x, axis=along, keep_dims=bool(keepdims))
    data = b.cast(x, "int32") if dtype_of(x) == "bool" else x
    return place_of_extreme(b, data, along, largest=largest, last=bool(select_last_index), keep_dims=bool(keepdims))


@onnx_op("TopK")
def top_k_1(b: Builder, x: Var, *, axis: int, k: int) -> Sequence[Var]:
    """`k` as an attribute."""
    return _top_k(b, x, k, axis, largest=True)


@onnx_op("TopK", since=10, note="sorted even when not asked for; MIL does not say which of equal values comes first")
def top_k_10(
    b: Builder,
    x: Var,
    k: Var,
    *,
    axis: int,
    largest: int | None,
    sorted: int | None,  # noqa: A002
) -> Sequence[Var]:
    """`k` as an input, smallest ones from opset 11 on."""
    shape = declared_shape(b)
    count = constant_ints(k, "k")[0] if array_of(k) is not None or shape is None else shape[axis]
    return _top_k(b, x, count, axis, largest=largest != 0)


def _top_k(b: Builder, x: Var, k: int, axis: int, *, largest: bool) -> Sequence[Var]:
    values, places = b.emit("topk", x=x, k=k, axis=resolve_axis(axis, rank_of(x)), ascending=not largest)
    return values, places

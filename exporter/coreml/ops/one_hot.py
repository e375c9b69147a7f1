"""OneHot."""

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, select
from portproof.exporter.coreml.make.movement import box, expand_dims, reshape
from portproof.exporter.coreml.make.parameter import declared_shape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, rank_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("OneHot", since=9)
def one_hot(b: Builder, indices: Var, depth: Var, values: Var, *, axis: int) -> Var:
    """`values` is [off, on]; negative indices count from the end, those outside are all off.

    A comparison with the places: MIL's one_hot does not say what an index outside gives.
    """
    along = resolve_axis(axis, rank_of(indices) + 1)
    count = _depth(b, depth, along)
    places = b.cast(indices, np.int32)
    places = select(b, binary(b, "less", places, 0), binary(b, "add", places, count), places)
    steps = np.arange(count, dtype=np.int32).reshape([-1] + [1] * (rank_of(indices) - along))
    off, on = (reshape(b, box(b, values, 0, position, 1), ()) for position in (0, 1))
    return select(b, binary(b, "equal", expand_dims(b, places, [along]), steps), on, off)


def _depth(b: Builder, depth: Var, along: int) -> int:
    array, known = array_of(depth), declared_shape(b)
    if array is not None:
        return int(array.reshape(-1)[0])
    if known is None:
        raise Refusal("depth is computed at run time", "make depth a constant of the model")
    return known[along]

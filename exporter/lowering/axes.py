"""Axes as ONNX gives them, counted from the front or from the back."""

from collections.abc import Sequence

from portproof.exporter.lowering.refusal import Refusal


def resolve_axis(axis: int, rank: int) -> int:
    """`axis` counted from the front.

    Raises:
        Refusal: there is no such axis.
    """
    if not -rank <= axis < rank:
        raise Refusal(f"axis {axis} of a tensor of rank {rank}")
    return axis + rank if axis < 0 else axis


def resolve_axes(axes: Sequence[int], rank: int) -> list[int]:
    """Each of `axes` counted from the front.

    Raises:
        Refusal: one does not exist, or one is named twice.
    """
    found = [resolve_axis(axis, rank) for axis in axes]
    if len(set(found)) != len(found):
        raise Refusal(f"axes {list(axes)} name one axis twice")
    return found

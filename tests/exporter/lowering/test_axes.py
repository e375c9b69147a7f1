"""Axes from the front and from the back."""

import pytest

from portproof.exporter.lowering.axes import resolve_axes, resolve_axis
from portproof.exporter.lowering.refusal import Refusal


def test_axes_are_counted_from_the_front() -> None:
    assert [resolve_axis(axis, 3) for axis in (-3, -1, 0, 2)] == [0, 2, 0, 2]
    assert resolve_axes([-1, 0], 3) == [2, 0]


@pytest.mark.parametrize(
    ("axes", "why"), [([3], "axis 3 of a tensor of rank 3"), ([-4], "axis -4"), ([0, -3], "twice")]
)
def test_what_is_refused(axes: list[int], why: str) -> None:
    with pytest.raises(Refusal, match=why):
        resolve_axes(axes, 3)

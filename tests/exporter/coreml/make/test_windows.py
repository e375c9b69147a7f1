"""Where windows lie."""

import pytest

from portproof.exporter.coreml.make.windows import explicit, pool_window, resolve_pads
from portproof.exporter.lowering.refusal import Refusal


def test_pads_in_both_forms() -> None:
    assert resolve_pads("NOTSET", [1, 2, 3, 4], [5, 5], [3, 3], [1, 1]) == [(1, 3), (2, 4)]
    assert resolve_pads("SAME_UPPER", None, [5], [4], [1]) == [(1, 2)]
    assert resolve_pads("SAME_LOWER", None, [5], [4], [1]) == [(2, 1)]
    assert resolve_pads("VALID", [1, 1], [5], [4], [1]) == [(0, 0)]
    assert explicit([(1, 3), (2, 4)]) == {"pad_type": "custom", "pad": [1, 3, 2, 4]}
    assert explicit([(0, 0)]) == {"pad_type": "valid"}


def test_negative_pads() -> None:
    with pytest.raises(Refusal, match="negative pads"):
        explicit([(0, -1)])


@pytest.mark.parametrize(
    ("size", "pads", "ceil_mode", "out", "end"),
    [(7, [0, 0], 0, 3, 0), (8, [0, 0], 0, 3, 0), (8, [0, 0], 1, 4, 1), (8, [1, 1], 1, 5, 2), (3, [1, 1], 1, 2, 1)],
)
def test_the_reach_of_the_last_step(size: int, pads: list[int], ceil_mode: int, out: int, end: int) -> None:
    window = pool_window([size], [3], strides=[2], dilations=None, auto_pad="NOTSET", pads=pads, ceil_mode=ceil_mode)
    assert window.out == (out,)
    assert window.pads == ((pads[0], end),)


def test_counts() -> None:
    given = {"strides": [2], "dilations": None, "auto_pad": "NOTSET", "ceil_mode": 1}
    window = pool_window([6], [3], pads=[1, 1], **given)
    assert window.counts(padding=False).tolist() == [2, 3, 3, 1]
    assert window.counts(padding=True).tolist() == [3, 3, 3, 2]
    with pytest.raises(Refusal, match="nothing but padding"):
        pool_window([6], [1], pads=[1, 1], **given).counts(padding=False)

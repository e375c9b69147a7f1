import pytest

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.make.window import Window, for_any_size, pool_window, resolve_pads, same_pads


def pool(size: int, kernel: int, **attributes) -> Window:
    defaults = {"strides": None, "dilations": None, "auto_pad": "NOTSET", "pads": None, "ceil_mode": 0}
    window, _ = pool_window([size], [kernel], **(defaults | attributes))
    return window


def test_same_puts_the_odd_one_behind_or_in_front() -> None:
    assert same_pads([8], [3], [2]) == [(0, 1)]
    assert same_pads([8], [3], [2], upper=False) == [(1, 0)]
    assert same_pads([7], [3], [2]) == [(1, 1)]


def test_pads_are_read_by_auto_pad() -> None:
    assert resolve_pads("NOTSET", [1, 2, 3, 4], [8, 8], [3, 3], [1, 1]) == [(1, 3), (2, 4)]
    assert resolve_pads("VALID", [1, 2, 3, 4], [8, 8], [3, 3], [1, 1]) == [(0, 0), (0, 0)]
    assert resolve_pads("SAME_LOWER", None, [8, 8], [3, 2], [1, 1]) == [(1, 1), (1, 0)]


@pytest.mark.parametrize(("pads", "padding"), [((0, 0), "VALID"), ((0, 1), "SAME"), ((1, 0), None), ((1, 1), None)])
def test_padding_with_the_same_meaning(pads: tuple[int, int], padding: str | None) -> None:
    window = Window(size=(8,), kernel=(3,), stride=(2,), dilation=(1,), pads=(pads,))
    assert window.padding() == padding


def test_ceil_mode_pads_behind_for_its_last_step() -> None:
    assert pool(6, 3, strides=[2]).out == (2,)
    longer = pool(6, 3, strides=[2], ceil_mode=1)
    assert longer.out == (3,)
    assert longer.pads == ((0, 1),)


def test_ceil_mode_leaves_out_a_step_that_begins_in_the_padding() -> None:
    assert pool(4, 2, strides=[3], pads=[1, 1], ceil_mode=1).out == (2,)
    assert pool(2, 1, strides=[2], pads=[0, 1], ceil_mode=1).out == (1,)


def test_pads_that_no_step_reaches_are_dropped() -> None:
    window = pool(7, 2, strides=[2], pads=[0, 1])
    assert (window.out, window.pads) == ((4,), ((0, 1),))
    assert pool(6, 2, strides=[2], pads=[0, 1]).pads == ((0, 0),)


def test_a_window_with_a_height_of_one_does_the_same() -> None:
    window = pool(7, 3, strides=[2], dilations=[2], pads=[1, 2]).with_height()
    assert window.size == (1, 7)
    assert window.out == (1, pool(7, 3, strides=[2], dilations=[2], pads=[1, 2]).out[0])
    assert window.reach == (1, 5)


def test_negative_pads_are_refused() -> None:
    with pytest.raises(Refusal, match="negative pads"):
        pool(6, 2, pads=[0, -1])


def test_same_with_gaps_between_the_windows() -> None:
    assert resolve_pads("SAME_UPPER", None, [8], [1], [2]) == [(0, 0)]
    with pytest.raises(Refusal, match="longer than the kernel"):
        resolve_pads("SAME_UPPER", None, [8], [1], [4])


def test_for_any_size_no_padding_is_taken_that_depends_on_it() -> None:
    odd = pool(7, 3, strides=[2], pads=[1, 1])
    assert odd.padding() == "SAME"
    with for_any_size():
        assert odd.padding() is None
        assert pool(7, 3, strides=[1], pads=[1, 1]).padding() == "SAME"
        assert pool(7, 3, strides=[2]).padding() == "VALID"
    assert odd.padding() == "SAME"


@pytest.mark.parametrize(("ceil_mode", "pads"), [(0, (0, 1)), (1, (0, 2)), (1, (1, 1))])
def test_for_any_size_the_pads_are_the_same_and_so_are_the_steps(ceil_mode: int, pads: tuple[int, int]) -> None:
    plain = [pool(size, 4, strides=[2], pads=[*pads], ceil_mode=ceil_mode) for size in range(8, 14)]
    with for_any_size():
        generic = [pool(size, 4, strides=[2], pads=[*pads], ceil_mode=ceil_mode) for size in range(8, 14)]
    assert len({window.pads for window in plain}) > 1
    assert len({window.pads for window in generic}) == 1
    assert [window.out for window in generic] == [window.out for window in plain]

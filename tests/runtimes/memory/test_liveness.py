"""What is alive together, and where it lies."""

from hypothesis import given
from hypothesis import strategies as st

from portproof.runtimes.memory.liveness import ALIGNMENT, Buffer, arrange, extent, fullest

SPANS = st.tuples(st.integers(0, 400), st.integers(0, 12), st.integers(0, 12))


def made(spans: list[tuple[int, int, int]]) -> list[Buffer]:
    return [Buffer(name=f"t{at}", size=size, first=min(ends), last=max(ends)) for at, (size, *ends) in enumerate(spans)]


@given(st.lists(SPANS, max_size=24))
def test_what_is_alive_together_does_not_overlap(spans: list[tuple[int, int, int]]) -> None:
    buffers = made(spans)
    offsets = arrange(buffers)
    assert all(offset % ALIGNMENT == 0 for offset in offsets.values())
    for at, left in enumerate(buffers):
        for right in buffers[:at]:
            apart = offsets[left.name] + left.size <= offsets[right.name]
            apart = apart or offsets[right.name] + right.size <= offsets[left.name]
            assert apart or not left.meets(right)
    assert extent(buffers, offsets) >= fullest(buffers).size


@given(st.lists(SPANS, max_size=24))
def test_the_fullest_moment_is_that_of_a_plain_count(spans: list[tuple[int, int, int]]) -> None:
    buffers = made(spans)
    moment = fullest(buffers)
    assert moment.size == max(
        (sum(each.size for each in buffers if each.first <= step <= each.last) for step in range(13)), default=0
    )
    assert sum(each.size for each in moment.alive) == moment.size


def test_a_gap_is_filled_by_what_fits_best() -> None:
    spans = [(640, 0, 9), (256, 0, 4), (128, 0, 4), (128, 5, 9), (64, 6, 9)]
    offsets = arrange(made(spans))
    assert extent(made(spans), offsets) == 640 + 256 + 128


def test_nothing_takes_nothing() -> None:
    assert arrange([]) == {}
    assert (fullest([]).size, fullest([]).step) == (0, -1)

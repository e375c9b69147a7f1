"""Collections are rarer inside, and as they were behind, whatever happens."""

import gc
from collections.abc import Iterator

import pytest

from portproof.exporter.check.garbage import rarely_collected


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    usual = gc.get_threshold()
    yield
    gc.set_threshold(*usual)


def test_rarer_inside_and_as_they_were_behind() -> None:
    gc.set_threshold(700, 10, 10)
    seen = []

    def fails() -> None:
        with rarely_collected():
            seen.append(gc.get_threshold())
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert seen == [(50_000, 10, 10)]
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("usual", [(0, 10, 10), (10**6, 5, 5)])
def test_what_the_caller_chose_counts(usual: tuple[int, int, int]) -> None:
    gc.set_threshold(*usual)
    with rarely_collected():
        assert gc.get_threshold() == usual
    assert gc.get_threshold() == usual

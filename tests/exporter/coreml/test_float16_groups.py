"""The search for what the outputs feel, on made-up operators whose errors are known."""

import math
from collections.abc import Collection
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portproof.exporter.coreml.float16_groups import SPLITS, first, most_felt, names_of
from portproof.exporter.coreml.float16_trial import Trial


class Made:
    """Inputs whose errors are the root of the squares of what is in float16."""

    def __init__(self, errors: list[list[float]]) -> None:
        self.errors, self.runs, self.hardest = errors, 0, 0
        self.names = [f"op{at}" for at in range(len(errors[0]))]

    def error_of(self, at: int, rounded: Collection[str]) -> float:
        self.runs += 1
        errors = zip(self.names, self.errors[at], strict=True)
        return math.sqrt(sum(error**2 for name, error in errors if name in rounded))

    def within(self, keep: Collection[str], bound: float) -> bool:
        for at in range(len(self.errors)):
            if self.error_of(at, set(self.names) - set(keep)) > bound:
                self.hardest = at
                return False
        return True

    def felt(self, names: Collection[str]) -> float:
        return self.error_of(self.hardest, names)

    def on_hardest(self, keep: Collection[str]) -> float:
        return self.error_of(self.hardest, set(self.names) - set(keep))


def search(made: Made, bound: float, keep: Collection[str] = ()) -> set[str]:
    left = [name for name in made.names if name not in keep]
    return names_of(most_felt(left, keep, cast(Any, made), bound))


def test_the_one_that_matters_is_found_in_few_runs() -> None:
    made = Made([[1e-6] * 300 + [1.0] + [1e-6] * 211])
    assert search(made, 0.01) == {"op300"}
    assert made.runs < 60


def test_what_another_input_needs_joins() -> None:
    made = Made([[0.0] * 7 + [1.0], [1.0] + [0.0] * 7, [0.0] * 8])
    assert search(made, 0.1) == {"op0", "op7"}


def test_what_stays_anyway_is_not_chosen() -> None:
    assert search(Made([[1.0, 1.0, 0.0]]), 0.1, keep={"op1"}) == {"op0"}


def test_where_all_matter_alike_most_of_them_stay() -> None:
    found = search(Made([[1.0] * 64]), 2.0)
    assert 60 <= len(found) <= 64


@given(st.lists(st.lists(st.floats(0, 1), min_size=12, max_size=12), min_size=1, max_size=4), st.floats(0.01, 2))
def test_what_is_left_is_within_the_bound(errors: list[list[float]], bound: float) -> None:
    made = Made(errors)
    found = search(made, bound)
    assert made.within(found, bound)
    assert all(not made.within(found - {name}, bound) for name in found) or len(found) > 1


@pytest.mark.parametrize("least", range(1, 20))
def test_first_finds_the_least_that_holds(least: int) -> None:
    asked: list[int] = []
    assert first(19, lambda size: asked.append(size) or size >= least) == least
    assert len(asked) <= 10


def test_first_finds_none_where_none_holds() -> None:
    assert first(19, lambda _size: False) is None
    assert first(0, lambda _size: True) is None


def test_the_search_ends_on_operators_that_cannot_be_told_apart() -> None:
    made = Made([[0.5] * 2000])
    assert made.within(search(made, 0.1), 0.1)
    assert made.runs < 4 * SPLITS + 60


def test_the_double_of_the_tests_has_the_methods_that_are_used() -> None:
    assert all(hasattr(Trial, name) for name in ("within", "felt", "on_hardest"))

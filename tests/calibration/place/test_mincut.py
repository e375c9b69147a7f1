import itertools
import math

import numpy as np
import pytest

from portproof.calibration.place.mincut import Edge, source_side


def capacity(edges: list[Edge], side: set[object]) -> float:
    return sum(room for start, end, room in edges if start in side and end not in side)


@pytest.mark.parametrize("seed", range(8))
def test_no_other_cut_is_smaller(seed: int) -> None:
    chance = np.random.default_rng(seed)
    nodes = ["s", "t", *range(5)]
    edges: list[Edge] = [
        (a, b, float(chance.integers(10))) for a, b in itertools.permutations(nodes, 2) if chance.random() < 0.5
    ]
    found = source_side(edges, "s", "t")
    inner = nodes[2:]
    sides = [{"s", *some} for size in range(6) for some in itertools.combinations(inner, size)]
    assert capacity(edges, found) == min(capacity(edges, set(side)) for side in sides)
    assert "s" in found
    assert "t" not in found


def test_what_is_bound_to_an_end_stays_there() -> None:
    edges: list[Edge] = [("s", "a", 5.0), ("a", "b", math.inf), ("b", "t", 9.0), ("c", "t", math.inf), ("s", "c", 1.0)]
    found = source_side(edges, "s", "t")
    assert found == {"s"}
    assert capacity(edges, found) == 6.0
    assert source_side([*edges, ("s", "b", 8.0)], "s", "t") == {"s", "a", "b"}


def test_deep_graphs_do_not_recurse() -> None:
    chain: list[Edge] = [(i, i + 1, 2.0) for i in range(5000)]
    assert source_side([("s", 0, 3.0), *chain, (5000, "t", 1.0)], "s", "t") == {"s", *range(5001)}

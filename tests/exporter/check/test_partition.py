"""Partitions of graphs, and what they hand over."""

import itertools

import numpy as np
import pytest

from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.exporter.check.operators import Operator
from portproof.exporter.check.partition import Cuts, bytes_of


def tensor(name: str, *shape: int, dtype: str = "float32") -> TensorFacts:
    return TensorFacts(name=name, shape=shape or (4,), dtype=dtype)


def operator(makes: str, *reads: str) -> Operator:
    facts = OpFacts(dialect="tflite", op="ADD", inputs=tuple(tensor(name) for name in reads), outputs=(tensor(makes),))
    return Operator(facts=facts)


def cut(operators: list[Operator], taken: str) -> list[tuple[bool, tuple[int, ...]]]:
    return [(part.on_unit, part.members) for part in Cuts(operators).partitions([letter == "t" for letter in taken])]


def handed(cuts: Cuts, taken: str) -> int:
    return cuts.crossing_bytes(cuts.partitions([letter == "t" for letter in taken]))


CHAIN = [operator("a", "x"), operator("b", "a"), operator("c", "b"), operator("d", "c")]


def test_a_chain_is_cut_where_what_is_taken_changes() -> None:
    assert cut(CHAIN, "tttt") == [(True, (0, 1, 2, 3))]
    assert cut(CHAIN, "ttnt") == [(True, (0, 1)), (False, (2,)), (True, (3,))]


def test_what_does_not_depend_on_it_waits_for_its_own_kind() -> None:
    beside = [operator("a", "x"), operator("b", "x"), operator("c", "a"), operator("d", "b", "c")]
    assert cut(beside, "tntt") == [(True, (0, 2)), (False, (1,)), (True, (3,))]


def test_bytes_that_are_handed_over_once_for_each_reader() -> None:
    assert handed(Cuts(CHAIN), "tnnt") == 2 * 4 * 4
    assert handed(Cuts(CHAIN), "tttt") == 0
    assert handed(Cuts([operator("a", "x"), operator("b", "a"), operator("c", "a")]), "tnn") == 4 * 4


def test_units_that_take_the_same_share_the_partitions() -> None:
    cuts = Cuts(CHAIN)
    first = cuts.partitions([True, False, False, True])
    assert handed(cuts, "tntn") == 3 * 4 * 4
    assert cuts.partitions([True, False, False, True]) is first
    assert (handed(cuts, "tnnt"), handed(cuts, "nttn")) == (2 * 4 * 4, 2 * 4 * 4)


def test_sizes_of_types() -> None:
    assert [bytes_of(tensor("x", 2, 3, dtype=dtype)) for dtype in ("int8", "float16", "int64", "bool")] == [
        6,
        12,
        48,
        6,
    ]


@pytest.mark.parametrize("seed", range(20))
def test_every_operator_runs_once_and_after_what_it_reads(seed: int) -> None:
    chance = np.random.default_rng(seed)
    count = int(chance.integers(1, 30))
    operators = [operator(f"v{k}", f"v{chance.integers(k)}" if k else "x") for k in range(count)]
    taken = [bool(each) for each in chance.integers(2, size=count)]
    found = Cuts(operators).partitions(taken)
    order = [index for part in found for index in part.members]
    assert sorted(order) == list(range(count))
    made = {"x"}
    for index in order:
        assert set(operators[index].reads) <= made
        made.update(operators[index].makes)
    assert all(one.on_unit != other.on_unit for one, other in itertools.pairwise(found))
    assert all(taken[index] == part.on_unit for part in found for index in part.members)

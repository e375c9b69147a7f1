import pytest

from portproof.runtimes.dims import Dim, faults, sizes_of, text_of

STEPPED = Dim(name="H", low=32, high=500, step=32)


@pytest.mark.parametrize(
    ("size", "admitted"), [(31, False), (32, True), (33, False), (64, True), (480, True), (512, False)]
)
def test_which_sizes_are_admitted(size, admitted):
    assert STEPPED.admits(size) is admitted


def test_without_a_limit_any_size_from_the_lower_end_on():
    assert Dim(name="N", low=3).admits(10**6)
    assert not Dim(name="N", low=3).admits(2)


@pytest.mark.parametrize(("size", "nearest"), [(1, 32), (47, 32), (49, 64), (48, 32), (511, 480)])
def test_the_nearest_size(size, nearest):
    assert STEPPED.nearest(size) == nearest
    assert STEPPED.admits(nearest)


def test_the_last_size_is_one_that_steps_reach():
    assert STEPPED.last == 480
    assert Dim(name="N", high=8).last == 8


@pytest.mark.parametrize(
    ("dim", "text"), [(STEPPED, "H:32..500:32"), (Dim(name="N"), "N:1.."), (Dim(name="T", low=2, high=9), "T:2..9")]
)
def test_as_it_is_declared(dim, text):
    assert str(dim) == text


def test_sizes_beyond_their_range_and_sizes_that_contradict_each_other():
    batch = Dim(name="N", high=8)
    found = [("x", batch, 9), ("x", STEPPED, 64), ("y", batch, 3)]
    assert faults(found) == [("x", "N is 9, declared is N:1..8"), ("y", "N is 3, but 9 in 'x'")]
    assert faults([("x", batch, 3), ("y", batch, 3)]) == []


def test_the_sizes_of_a_tensor():
    assert sizes_of((None, STEPPED), (3, 64)) == [(STEPPED, 64)]
    assert sizes_of((), (3, 64)) == []


def test_sizes_in_a_message():
    assert text_of({"N": 2, "H": 64}) == "N=2, H=64"

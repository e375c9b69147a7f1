import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from portproof.exporter.tflite.layout.rules.reshape import groups, pass_on


@st.composite
def reshapes(draw):
    """Two shapes of equal size, made of the same prime factors."""
    factors = draw(st.lists(st.sampled_from([1, 2, 2, 3]), min_size=1, max_size=6))

    def merged():
        shape, rest = [], list(factors)
        while rest:
            take = draw(st.integers(1, len(rest)))
            shape.append(int(np.prod(rest[:take])))
            del rest[:take]
        return tuple(shape)

    return merged(), merged()


@given(reshapes(), st.randoms(use_true_random=False))
def test_passed_permutation_stores_the_same_bytes(case, random) -> None:
    before, after = case
    perm = list(range(len(before)))
    random.shuffle(perm)
    other = pass_on(tuple(perm), before, after)
    array = np.arange(np.prod(before))
    if other is not None:
        stored = array.reshape(before).transpose(perm)
        assert array.reshape(after).transpose(other).tobytes() == stored.tobytes()


@given(reshapes())
def test_identity_always_passes(case) -> None:
    before, after = case
    other = pass_on(tuple(range(len(before))), before, after)
    assert other == tuple(range(len(after)))


def test_channel_shuffle_passes_channels_last() -> None:
    assert pass_on((0, 2, 3, 1), (1, 8, 5, 5), (1, 2, 4, 5, 5)) == (0, 3, 4, 1, 2)


def test_flattening_space_passes_channels_last() -> None:
    assert pass_on((0, 2, 3, 1), (2, 7, 4, 4), (2, 7, 16)) == (0, 2, 1)


def test_merging_channels_with_space_does_not_pass() -> None:
    assert pass_on((0, 2, 3, 1), (1, 8, 5, 5), (1, 40, 5)) is None


def test_groups_are_the_finest() -> None:
    assert groups((2, 3, 4, 1), (6, 1, 2, 2)) == [([0, 1], [0]), ([2], [2, 3])]

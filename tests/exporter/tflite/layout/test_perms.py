import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from portproof.exporter.tflite.layout.perms import compose, identity, inverse, key, permute, with_order

SIZES = st.lists(st.sampled_from([1, 2, 2, 3]), min_size=1, max_size=5)


@st.composite
def shape_and_perms(draw):
    shape = tuple(draw(SIZES))
    axes = list(range(len(shape)))
    return shape, tuple(draw(st.permutations(axes))), tuple(draw(st.permutations(axes)))


@given(shape_and_perms())
def test_algebra_is_that_of_numpy(case) -> None:
    shape, first, second = case
    array = np.arange(np.prod(shape)).reshape(shape)
    assert np.array_equal(array.transpose(first).transpose(second), array.transpose(compose(first, second)))
    assert np.array_equal(array.transpose(first).transpose(inverse(first)), array)
    assert tuple(permute(shape, first)) == array.transpose(first).shape


@given(shape_and_perms())
def test_equal_keys_are_equal_bytes(case) -> None:
    shape, first, second = case
    array = np.arange(np.prod(shape)).reshape(shape)
    same = array.transpose(first).tobytes() == array.transpose(second).tobytes()
    if key(first, shape) == key(second, shape):
        assert same
    elif array.size > 1:
        assert not same


@given(shape_and_perms())
def test_with_order_gives_that_key(case) -> None:
    shape, perm, _ = case
    found = with_order(key(perm, shape), shape)
    assert sorted(found) == list(identity(len(shape)))
    assert key(found, shape) == key(perm, shape)


def test_with_order_prefers_the_usual_layouts() -> None:
    assert with_order((1, 3), (1, 5, 1, 7)) == (0, 1, 2, 3)
    assert with_order((3, 1), (1, 5, 1, 7)) == (0, 2, 3, 1)

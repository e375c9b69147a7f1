import numpy as np
import pytest
from tests.runtimes.coreml.mil import Const, run

from portproof.device_profiles.errors import PortproofError

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "bool"])
def test_concat_takes_constants_among_what_is_computed(dtype: str, axis: int) -> None:
    x = X.astype(dtype)
    got = run("concat", dtype, values=(x, Const(x), x), axis=axis)
    np.testing.assert_array_equal(got, np.concatenate([x] * 3, axis))


def test_concat_interleaves() -> None:
    first, second = np.array([[1, 2], [3, 4], [5, 6]], np.int32), np.array([[7, 8], [9, 10], [11, 12]], np.int32)
    got = run("concat", "int32[6,2]", values=(first, second), axis=0, interleave=True)
    assert got.tolist() == [[1, 2], [7, 8], [3, 4], [9, 10], [5, 6], [11, 12]]
    got = run("concat", "int32[3,4]", values=(first, second), axis=-1, interleave=True)
    assert got.tolist() == [[1, 7, 2, 8], [3, 9, 4, 10], [5, 11, 6, 12]]


def test_concat_of_scalars_is_a_vector() -> None:
    assert run("concat", "int32[2]", values=(np.array(4, np.int32), 5), axis=0).tolist() == [4, 5]


@pytest.mark.parametrize("axis", [0, 1, 3, -1])
def test_stack(axis: int) -> None:
    np.testing.assert_array_equal(run("stack", "float32", values=(X, X + 1), axis=axis), np.stack([X, X + 1], axis))


@pytest.mark.parametrize("op", ["concat", "stack"])
def test_tensors_of_other_types_or_ranks_are_not_joined(op: str) -> None:
    with pytest.raises(PortproofError, match="failed") as caught:
        run(op, "float32", values=(X, X.astype(np.int32)), axis=0)
    assert "one type and rank" in caught.value.messages[0].why
    with pytest.raises(PortproofError):
        run(op, "float32", values=(X, X[0]), axis=0)


def test_interleaved_tensors_are_equally_large() -> None:
    with pytest.raises(PortproofError):
        run("concat", "float32", values=(X, X[:, :2]), axis=1, interleave=True)


def test_split_into_equal_parts_and_by_sizes() -> None:
    parts = run("split", "float32[2,3,2] float32[2,3,2]", x=X, axis=-1, num_splits=2)
    np.testing.assert_array_equal(np.concatenate(parts, -1), X)
    first, second = run("split", "float32[2,1,4] float32[2,2,4]", x=X, axis=1, split_sizes=[1, 2], num_splits=2)
    np.testing.assert_array_equal(first, X[:, :1])
    np.testing.assert_array_equal(second, X[:, 1:])


def test_one_part_is_the_whole() -> None:
    np.testing.assert_array_equal(run("split", "float32[2,3,4]", x=X, axis=0, num_splits=1), X)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"num_splits": 2}, "2 equal parts"),
        ({"num_splits": 0}, "0 equal parts"),
        ({}, "neither"),
        ({"split_sizes": [1, 1], "num_splits": 3}, "2 sizes"),
        ({"split_sizes": [1, 1]}, ""),
    ],
)
def test_a_split_that_does_not_come_out_even(parameters: dict[str, object], why: str) -> None:
    with pytest.raises(PortproofError) as caught:
        run("split", "float32 float32", x=X, axis=1, **parameters)
    assert why in caught.value.messages[0].why


def test_tile() -> None:
    got = run("tile", "float32[2,6,12]", x=X, reps=[1, 2, 3])
    np.testing.assert_array_equal(got, np.tile(X, (1, 2, 3)))


def test_no_repetition_at_all_leaves_nothing() -> None:
    assert run("tile", "float32", x=X, reps=np.array([1, 0, 2], np.int32)).shape == (2, 0, 8)


@pytest.mark.parametrize("reps", [[1, 2], [1, -1, 1], [1, 2**20, 2**20]])
def test_repetitions_that_cannot_be_meant(reps: list[int]) -> None:
    with pytest.raises(PortproofError):
        run("tile", "float32", x=X, reps=np.array(reps, np.int32))


def test_identity_keeps_float16() -> None:
    x = np.array([0.1, 65504], np.float16)
    assert run("identity", "float16[2]", x=x).tolist() == x.tolist()

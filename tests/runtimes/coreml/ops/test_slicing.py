from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

X = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
CASES: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
    ({"begin": [1, 0, 2], "end": [3, 4, 4]}, np.s_[1:3, 0:4, 2:4]),
    ({"begin": [-2, 1, -3], "end": [3, -1, -1]}, np.s_[-2:3, 1:-1, -3:-1]),
    ({"begin": [0, 0, 0], "end": [3, 4, 5], "stride": [2, 3, 4]}, np.s_[::2, ::3, ::4]),
    ({"begin": [2, 3, 4], "end": [0, 0, 0], "stride": [-1, -2, -3]}, np.s_[2:0:-1, 3:0:-2, 4:0:-3]),
    ({"begin": [1, 1, 1], "end": [2, 2, 2], "begin_mask": [True, False, True]}, np.s_[:2, 1:2, :2]),
    ({"begin": [1, 1, 1], "end": [2, 2, 2], "end_mask": [False, True, True]}, np.s_[1:2, 1:, 1:]),
    (
        {
            "begin": [0, 0, 0],
            "end": [0, 0, 0],
            "stride": [-1, -1, -2],
            "begin_mask": [True] * 3,
            "end_mask": [True] * 3,
        },
        np.s_[::-1, ::-1, ::-2],
    ),
    ({"begin": [1, 0, -1], "end": [9, 9, 9], "squeeze_mask": [True, False, True]}, np.s_[1, 0:9, -1]),
    ({"begin": [1, 2, 3], "end": [0, 0, 0], "squeeze_mask": [True] * 3}, np.s_[1, 2, 3]),
    (
        {
            "begin": [2, 2, 2],
            "end": [0] * 3,
            "begin_mask": [True] * 3,
            "end_mask": [True] * 3,
            "squeeze_mask": [True] * 3,
        },
        np.s_[0, 0, 0],
    ),
    ({"begin": [2, 0, 0], "end": [2, 4, 5]}, np.s_[2:2]),
    ({"begin": [-9, 0, 0], "end": [9, 9, 9]}, np.s_[:]),
]


@pytest.mark.parametrize(("parameters", "index"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "bool"])
def test_slice_by_index(parameters: dict[str, Any], index: tuple[Any, ...], dtype: str) -> None:
    x = (X % 7).astype(dtype)
    np.testing.assert_array_equal(run("slice_by_index", dtype, x=x, **parameters), x[index])


@pytest.mark.parametrize(("parameters", "index"), CASES)
def test_slice_update_is_where_the_slice_is(parameters: dict[str, Any], index: tuple[Any, ...]) -> None:
    update = -1 - np.arange(X[index].size, dtype=np.float32).reshape(X[index].shape)
    if update.ndim == 0:
        with pytest.raises(PortproofError):
            run("slice_update", "float32", opset="CoreML8", x=X, update=update, **parameters)
        return
    wanted = X.copy()
    wanted[index] = update
    got = run("slice_update", "float32[3,4,5]", opset="CoreML8", x=X, update=update, **parameters)
    np.testing.assert_array_equal(got, wanted)
    assert X[0, 0, 0] == 0.0


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"begin": [0, 0], "end": [1, 1]}, "length 3"),
        ({"begin": [0, 0, 0], "end": [1, 1, 1], "stride": [1, 0, 1]}, "stride of axis 1"),
        ({"begin": [3, 0, 0], "end": [9, 9, 9], "squeeze_mask": [True, False, False]}, "out of range"),
        ({"begin": [-4, 0, 0], "end": [9, 9, 9], "squeeze_mask": [True, False, False]}, "out of range"),
    ],
)
def test_slices_that_are_not_there(parameters: dict[str, Any], why: str) -> None:
    with pytest.raises(PortproofError) as caught:
        run("slice_by_index", "float32", x=X, **parameters)
    assert why in caught.value.messages[0].why


def test_an_update_of_another_shape_is_not_broadcast() -> None:
    with pytest.raises(PortproofError) as caught:
        run(
            "slice_update",
            "float32",
            opset="CoreML8",
            x=X,
            update=np.zeros((1, 4, 5), np.float32),
            begin=[0, 0, 0],
            end=[2, 4, 5],
        )
    assert "[2, 4, 5]" in caught.value.messages[0].why


def test_begin_and_end_that_are_computed() -> None:
    begin, end = np.array([0, 1, 1], np.int32), np.array([1, 3, 5], np.int32)
    np.testing.assert_array_equal(run("slice_by_index", "float32", x=X, begin=begin, end=end), X[0:1, 1:3, 1:5])


@pytest.mark.parametrize(
    ("begin", "size", "index"),
    [([1, 0, 2], [2, -1, 3], np.s_[1:3, :, 2:5]), ([-1, -2, 0], [1, -1, 0], np.s_[-1:, -2:, 0:0])],
)
def test_slice_by_size(begin: list[int], size: list[int], index: tuple[slice, ...]) -> None:
    np.testing.assert_array_equal(run("slice_by_size", "float32", x=X, begin=begin, size=size), X[index])


@pytest.mark.parametrize(("begin", "size"), [([1, 0, 0], [3, 1, 1]), ([0, 0], [1, 1]), ([0, 0, 0], [1, -2, 1])])
def test_sizes_that_are_not_there(begin: list[int], size: list[int]) -> None:
    with pytest.raises(PortproofError):
        run("slice_by_size", "float32", x=X, begin=begin, size=size)


@pytest.mark.parametrize(("axis", "size", "stride"), [(0, 2, 1), (1, 2, 2), (-1, 3, 2), (2, 5, 1)])
def test_sliding_windows(axis: int, size: int, stride: int) -> None:
    got = run("sliding_windows", "float32", x=X, axis=axis, size=size, stride=stride)
    windows = np.lib.stride_tricks.sliding_window_view(X, size, axis)
    axis %= 3
    wanted = np.moveaxis(windows, -1, axis + 1)[(slice(None),) * axis + (slice(None, None, stride),)]
    np.testing.assert_array_equal(got, wanted)


def test_windows_that_are_larger_than_the_axis() -> None:
    with pytest.raises(PortproofError):
        run("sliding_windows", "float32", x=X, axis=0, size=4)

from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

X = np.random.default_rng(0).permutation(60).reshape(3, 4, 5)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int32"])
def test_argsort(dtype: str, axis: int, ascending: bool) -> None:
    got = run("argsort", "int32[3,4,5]", x=X.astype(dtype), axis=axis, ascending=ascending)
    np.testing.assert_array_equal(got, np.argsort(X if ascending else -X, axis))


def test_of_equal_values_the_first_comes_first() -> None:
    x = np.array([1, 2, 1, 2, 2], np.float32)
    assert run("argsort", "int32[5]", x=x).tolist() == [1, 3, 4, 0, 2]
    assert run("argsort", "int32[5]", x=x, ascending=True).tolist() == [0, 2, 1, 3, 4]
    assert run("topk", "float32[2] int32[2]", x=x, k=2)[1].tolist() == [1, 3]


@pytest.mark.parametrize("opset", ["CoreML5", "CoreML6", "CoreML7"])
@pytest.mark.parametrize(("k", "axis", "ascending"), [(1, -1, False), (3, 0, True), (2, 1, False), (0, 1, True)])
def test_topk(opset: str, k: int, axis: int, ascending: bool) -> None:
    x = X.astype(np.float32)
    values, places = run("topk", "float32 int32", opset=opset, x=x, k=k, axis=axis, ascending=ascending)
    order = np.take(np.argsort(X if ascending else -X, axis), range(k), axis)
    np.testing.assert_array_equal(places, order)
    np.testing.assert_array_equal(values, np.take_along_axis(x, order, axis))


def test_topk_without_indices() -> None:
    x = np.array([3, 1, 2], np.int32)
    assert run("topk", "int32[2]", opset="CoreML6", x=x, k=2, return_indices=False).tolist() == [3, 2]
    assert run("topk", "int32[2]", opset="CoreML7", x=x, k=2, sort=False, return_indices=False).tolist() == [3, 2]


def test_topk_of_ios_17_gives_all_and_narrow_indices() -> None:
    x = np.array([3, 1, 2], np.uint8)
    values, places = run("topk", "uint8[3] uint16[3]", opset="CoreML7", x=x, k=-1, output_indices_dtype="uint16")
    assert (values.tolist(), places.tolist()) == ([3, 2, 1], [0, 2, 1])


@pytest.mark.parametrize(
    ("opset", "parameters"),
    [
        ("CoreML5", {"k": 4}),
        ("CoreML6", {"k": -1}),
        ("CoreML7", {"k": -2}),
        ("CoreML7", {"k": 1, "output_indices_dtype": "int8"}),
    ],
)
def test_topk_refuses(opset: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(PortproofError):
        run("topk", "int32 int32", opset=opset, x=np.array([3, 1, 2], np.int32), **parameters)


def test_parameters_of_a_later_operator_set_are_unknown() -> None:
    with pytest.raises(PortproofError) as caught:
        run("topk", "int32[1]", x=np.array([3], np.int32), return_indices=False)
    assert "does not know return_indices" in caught.value.messages[0].why


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_non_zero(dtype: str) -> None:
    x = (X % 3).astype(dtype)
    np.testing.assert_array_equal(run("non_zero", "int32[?,3]", x=x), np.argwhere(x))
    assert run("non_zero", "int32[?,3]", x=x * 0 if dtype != "bool" else x & False).shape == (0, 3)


@pytest.mark.parametrize("axis", [0, 2, -1])
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_cumsum(dtype: str, axis: int) -> None:
    x = X.astype(dtype)
    np.testing.assert_array_equal(run("cumsum", dtype, x=x, axis=axis), np.cumsum(x, axis))
    backwards = np.flip(np.cumsum(np.flip(x, axis), axis), axis)
    np.testing.assert_array_equal(run("cumsum", dtype, x=x, axis=axis, reverse=True), backwards)
    np.testing.assert_array_equal(run("cumsum", dtype, x=x, axis=axis, exclusive=True), np.cumsum(x, axis) - x)
    got = run("cumsum", dtype, x=x, axis=axis, exclusive=True, reverse=True)
    np.testing.assert_array_equal(got, backwards - x)


def test_cumsum_is_rounded_at_its_end() -> None:
    x = np.array([2048, 1, 1, 1], np.float16)
    assert run("cumsum", "float16[4]", x=x).tolist() == [2048, 2048, 2050, 2052]
    assert run("cumsum", "float16[4]", precision="minimum", x=x).tolist() == [2048, 2049, 2050, 2051]
    assert run("cumsum", "float32[0]", x=x[:0].astype(np.float32), exclusive=True).shape == (0,)

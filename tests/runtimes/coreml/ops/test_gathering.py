from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

X = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
OPSETS = ["CoreML5", "CoreML6", "CoreML7", "CoreML8"]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_gather(opset: str, axis: int, shape: tuple[int, ...]) -> None:
    indices = RNG.integers(0, 3, shape).astype(np.int32)
    got = run("gather", "float32", opset=opset, x=X, indices=np.array(indices), axis=axis)
    np.testing.assert_array_equal(got, np.take(X, indices, axis))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16"])
def test_narrow_types_are_indices_and_elements(dtype: str) -> None:
    x, indices = np.arange(6).astype(dtype).reshape(2, 3), np.array([2, 0]).astype(dtype)
    got = run("gather", f"{dtype}[2,2]", opset="CoreML7", x=x, indices=indices, axis=1)
    np.testing.assert_array_equal(got, x[:, [2, 0]])


def test_a_scalar_out_of_a_vector() -> None:
    x = np.array([4, 5, 6], np.int32)
    assert run("gather", "int32[]", x=x, indices=np.array(1, np.int32)) == 5


@pytest.mark.parametrize(("batch_dims", "axis"), [(1, 1), (1, 2), (2, 2), (1, -1)])
def test_gather_with_axes_that_go_together(batch_dims: int, axis: int) -> None:
    indices = RNG.integers(0, 4, (*X.shape[:batch_dims], 2, 2)).astype(np.int32)
    got = run("gather", "float32", opset="CoreML6", x=X, indices=indices, axis=axis, batch_dims=batch_dims)
    for place in np.ndindex(*X.shape[:batch_dims]):
        wanted = np.take(X[place], indices[place], axis % 3 - batch_dims)
        np.testing.assert_array_equal(got[place], wanted)


@pytest.mark.parametrize(("batch_dims", "axis"), [(2, 1), (3, 2), (-1, 0)])
def test_axes_that_cannot_go_together(batch_dims: int, axis: int) -> None:
    indices = np.zeros((3, 4), np.int32)
    with pytest.raises(PortproofError):
        run("gather", "float32", opset="CoreML6", x=X, indices=indices, axis=axis, batch_dims=batch_dims)


@pytest.mark.parametrize("opset", ["CoreML5", "CoreML6"])
def test_indices_count_from_the_end_until_ios_16(opset: str) -> None:
    indices = np.array([-1, 0, -3], np.int32)
    np.testing.assert_array_equal(run("gather", "float32", opset=opset, x=X, indices=indices), X[indices])
    along = np.full((1, 4, 5), -2, np.int32)
    np.testing.assert_array_equal(run("gather_along_axis", "float32", opset=opset, x=X, indices=along), X[1:2])
    nd = np.array([[-1, -1], [0, -4]], np.int32)
    np.testing.assert_array_equal(run("gather_nd", "float32", opset=opset, x=X, indices=nd), X[[2, 0], [3, 0]])


@pytest.mark.parametrize(
    ("opset", "index"), [("CoreML5", 3), ("CoreML6", -4), ("CoreML7", -1), ("CoreML7", 3), ("CoreML8", -1)]
)
@pytest.mark.parametrize("validate", [None, False, True])
def test_what_is_outside_is_refused_whether_validated_or_not(opset: str, index: int, validate: bool | None) -> None:
    options: dict[str, Any] = {} if opset < "CoreML7" else {"validate_indices": validate}
    for op, shape in (("gather", (1,)), ("gather_along_axis", (1, 4, 5)), ("gather_nd", (2, 1))):
        with pytest.raises(PortproofError) as caught:
            run(op, "float32", opset=opset, x=X, indices=np.full(shape, index, np.int32), **options)
        assert f"index {index}" in caught.value.messages[0].why


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize(("axis", "count"), [(0, 2), (1, 7), (-1, 5)])
def test_gather_along_axis(opset: str, axis: int, count: int) -> None:
    shape = list(X.shape)
    shape[axis] = count
    indices = RNG.integers(0, 3, shape).astype(np.int32)
    got = run("gather_along_axis", "float32", opset=opset, x=X, indices=indices, axis=axis)
    np.testing.assert_array_equal(got, np.take_along_axis(X, indices, axis))


@pytest.mark.parametrize("shape", [(2, 3, 5), (3, 4), (2, 4, 4)])
def test_gather_along_axis_wants_the_other_sizes(shape: tuple[int, ...]) -> None:
    with pytest.raises(PortproofError):
        run("gather_along_axis", "float32", x=X, indices=np.zeros(shape, np.int32), axis=0)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_gather_nd(opset: str, depth: int) -> None:
    indices = RNG.integers(0, 3, (2, 2, depth)).astype(np.int32)
    got = run("gather_nd", "float32", opset=opset, x=X, indices=indices)
    wanted = X[tuple(np.moveaxis(indices, -1, 0))] if depth else np.broadcast_to(X, (2, 2, 3, 4, 5))
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize(("batch_dims", "depth"), [(1, 1), (1, 2), (2, 1)])
def test_gather_nd_with_axes_that_go_together(batch_dims: int, depth: int) -> None:
    indices = RNG.integers(0, 3, (*X.shape[:batch_dims], 2, depth)).astype(np.int32)
    got = run("gather_nd", "float32", opset="CoreML7", x=X, indices=indices, batch_dims=batch_dims)
    for place in np.ndindex(*X.shape[:batch_dims]):
        np.testing.assert_array_equal(got[place], X[place][tuple(indices[place].T)])


@pytest.mark.parametrize(("shape", "batch_dims"), [((2, 4), 0), ((2, 1), 1), ((3, 3), 1), ((3,), 1)])
def test_gather_nd_refuses_shapes_that_do_not_fit(shape: tuple[int, ...], batch_dims: int) -> None:
    with pytest.raises(PortproofError):
        run("gather_nd", "float32", opset="CoreML6", x=X, indices=np.zeros(shape, np.int32), batch_dims=batch_dims)


def test_an_axis_that_is_not_there() -> None:
    for op in ("gather", "gather_along_axis"):
        with pytest.raises(PortproofError):
            run(op, "float32", x=X, indices=np.zeros((3, 4, 5), np.int32), axis=3)

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

DATA = np.arange(1, 25, dtype=np.float32).reshape(2, 3, 4)
RNG = np.random.default_rng(0)
MODES: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda old, new: old + new,
    "div": lambda old, new: old / new,
    "max": np.maximum,
    "min": np.minimum,
    "mul": lambda old, new: old * new,
    "sub": lambda old, new: old - new,
    "update": lambda old, new: new,
}


def _updates(shape: tuple[int, ...]) -> np.ndarray:
    """Powers of two: products and quotients are exact in any order."""
    return np.exp2(RNG.integers(-3, 4, shape)).astype(np.float32)


@pytest.mark.parametrize("opset", ["CoreML5", "CoreML7"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_scatter(opset: str, mode: str, axis: int) -> None:
    indices = np.array([1, 0, 1], np.int32)  # twice the same: one after the other
    wanted = DATA.copy()
    slices = np.moveaxis(wanted, axis, 0)
    updates = _updates((3, *slices.shape[1:]))
    for index, update in zip(indices, updates, strict=True):
        slices[index] = MODES[mode](slices[index], update)
    got = run(
        "scatter",
        "float32[2,3,4]",
        opset=opset,
        data=DATA,
        indices=indices,
        updates=np.moveaxis(updates, 0, axis).copy(),
        axis=axis,
        mode=mode,
    )
    np.testing.assert_array_equal(got, wanted)
    assert DATA[0, 0, 0] == 1


@pytest.mark.parametrize("opset", ["CoreML5", "CoreML8"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_scatter_along_axis(opset: str, mode: str, axis: int) -> None:
    shape = tuple(5 if place == axis % 3 else size for place, size in enumerate(DATA.shape))
    indices, updates = RNG.integers(0, 2, shape).astype(np.int32), _updates(shape)
    wanted = DATA.copy()
    for place in np.ndindex(shape):
        target = list(place)
        target[axis] = indices[place]
        wanted[tuple(target)] = MODES[mode](wanted[tuple(target)], updates[place])
    got = run(
        "scatter_along_axis", "float32", opset=opset, data=DATA, indices=indices, updates=updates, axis=axis, mode=mode
    )
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("opset", ["CoreML5", "CoreML7"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_scatter_nd(opset: str, mode: str, depth: int) -> None:
    indices = RNG.integers(0, 2, (2, 2, depth)).astype(np.int32)
    updates = _updates((2, 2, *DATA.shape[depth:]))
    wanted = DATA.copy()
    for place in np.ndindex(2, 2):
        target = tuple(indices[place])
        wanted[target] = MODES[mode](wanted[target], updates[place])
    got = run("scatter_nd", "float32", opset=opset, data=DATA, indices=indices, updates=updates, mode=mode)
    np.testing.assert_array_equal(got, wanted)


def test_adding_is_the_default() -> None:
    data, indices = np.array([1, 2], np.int32), np.array([0], np.int32)
    updates = np.array([5], np.int32)
    assert run("scatter", "int32[2]", data=data, indices=indices, updates=updates).tolist() == [6, 2]
    assert run("scatter_along_axis", "int32[2]", data=data, indices=indices, updates=updates).tolist() == [6, 2]
    assert run("scatter_nd", "int32[2]", data=data, indices=indices[:, None], updates=updates).tolist() == [6, 2]


def test_float16_is_rounded_once() -> None:
    data, updates = np.array([2048], np.float16), np.ones(3, np.float16)
    got = run("scatter", "float16[1]", data=data, indices=np.zeros(3, np.int32), updates=updates)
    assert got.tolist() == [2052]


def test_indices_count_from_the_end_until_ios_16() -> None:
    data, updates = np.zeros(3, np.float32), np.array([1], np.float32)
    assert run("scatter", "float32[3]", data=data, indices=np.array([-1], np.int32), updates=updates).tolist() == [
        0,
        0,
        1,
    ]
    for op, shape in (("scatter", (1,)), ("scatter_along_axis", (1,)), ("scatter_nd", (1, 1))):
        for index in (-1, 3):
            with pytest.raises(PortproofError) as caught:
                run(op, "float32", opset="CoreML7", data=data, indices=np.full(shape, index, np.int32), updates=updates)
            assert f"index {index}" in caught.value.messages[0].why


@pytest.mark.parametrize("op", ["scatter", "scatter_along_axis"])
def test_updates_of_another_shape_are_not_broadcast(op: str) -> None:
    with pytest.raises(PortproofError) as caught:
        run(
            op,
            "float32",
            data=np.zeros(3, np.float32),
            indices=np.array([0, 1], np.int32),
            updates=np.ones(1, np.float32),
        )
    assert "updates have the shape" in caught.value.messages[0].why


@pytest.mark.parametrize(("mode", "dtype"), [("assign", "float32"), ("div", "int32")])
def test_modes_that_nobody_defined(mode: str, dtype: str) -> None:
    with pytest.raises(PortproofError) as caught:
        run(
            "scatter",
            dtype,
            data=np.ones(3, dtype),
            indices=np.array([0], np.int32),
            updates=np.ones(1, dtype),
            mode=mode,
        )
    assert mode in caught.value.messages[0].why

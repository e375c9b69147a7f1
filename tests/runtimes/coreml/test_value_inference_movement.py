"""Kernels that move data against coremltools' own numpy values, on small tensors of many shapes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.runtimes.coreml.inferred import builder, inferred
from tests.runtimes.coreml.mil import run

Parameters = dict[str, Any]
Draw = Callable[[st.DataObject, np.ndarray], Parameters]
"""Parameters for a tensor x, drawn; ``"x"`` among them replaces it."""

DTYPES = ("float16", "float32", "int32", "bool")
NUMBERS = DTYPES[:3]


def _axis(data: st.DataObject, x: np.ndarray) -> int:
    return data.draw(st.integers(-x.ndim, x.ndim - 1), label="axis")


def _sizes(data: st.DataObject, x: np.ndarray, low: int, high: int) -> list[int]:
    return data.draw(st.lists(st.integers(low, high), min_size=x.ndim, max_size=x.ndim))


def _masks(data: st.DataObject, x: np.ndarray) -> list[bool]:
    return data.draw(st.lists(st.booleans(), min_size=x.ndim, max_size=x.ndim))


def _reshape(data: st.DataObject, x: np.ndarray) -> Parameters:
    shape = list(x.shape)
    place = data.draw(st.integers(0, x.ndim - 1))
    kept = data.draw(st.sampled_from([0, -1, shape[place]]))
    return {"shape": [kept if axis == place else size for axis, size in enumerate(shape)]}


def _slice(data: st.DataObject, x: np.ndarray) -> Parameters:
    """Begins that are there, ends behind them, so that the builder folds it whatever the masks."""
    begin = [data.draw(st.integers(0, size - 1)) for size in x.shape]
    end = [data.draw(st.integers(first + 1, size)) for first, size in zip(begin, x.shape, strict=True)]
    return {
        "begin": [
            first - size if mask else first for first, size, mask in zip(begin, x.shape, _masks(data, x), strict=True)
        ],
        "end": end,
        "stride": _sizes(data, x, 1, 2),
        "begin_mask": _masks(data, x),
        "end_mask": _masks(data, x),
        "squeeze_mask": [False, *_masks(data, x)[1:]],
    }


def _slice_by_size(data: st.DataObject, x: np.ndarray) -> Parameters:
    begin = [data.draw(st.integers(0, size - 1)) for size in x.shape]
    size = [data.draw(st.sampled_from([-1, 1, n - first])) for first, n in zip(begin, x.shape, strict=True)]
    return {"begin": begin, "size": size}


def _pad(data: st.DataObject, x: np.ndarray) -> Parameters:
    mode = data.draw(st.sampled_from(["constant", "reflect", "replicate"]))
    axes = data.draw(st.integers(1, x.ndim))
    most = [min(3, size - 1) if mode == "reflect" else min(3, size) for size in x.shape[-axes:]]
    return {"pad": [data.draw(st.integers(0, limit)) for limit in most for _ in range(2)], "mode": mode}


def _permutation(data: st.DataObject, x: np.ndarray) -> Parameters:
    return {"perm": data.draw(st.permutations(range(x.ndim)))}


def _gather(data: st.DataObject, x: np.ndarray) -> Parameters:
    axis = _axis(data, x)
    indices = data.draw(st.lists(st.integers(0, x.shape[axis] - 1), min_size=1, max_size=4))
    return {"axis": axis, "indices": np.array(indices, np.int32)}


def _gather_batched(data: st.DataObject, x: np.ndarray) -> Parameters:
    indices = np.random.default_rng(x.size).integers(0, x.shape[-1], (x.shape[0], 2))
    return {"axis": x.ndim - 1, "batch_dims": 1, "indices": indices.astype(np.int32)}


def _along(data: st.DataObject, x: np.ndarray) -> Parameters:
    axis = _axis(data, x)
    indices = np.random.default_rng(x.size).integers(0, x.shape[axis], x.shape)
    return {"axis": axis, "indices": indices.astype(np.int32)}


def _apart(x: np.ndarray) -> np.ndarray:
    """The same type, no two elements alike: numpy's sort leaves the order of equal ones open."""
    return np.random.default_rng(x.size).permutation(x.size).reshape(x.shape).astype(x.dtype)


CASES: dict[str, tuple[Draw, tuple[str, ...]]] = {
    "band_part": (lambda d, x: {"lower": d.draw(st.integers(-1, 3)), "upper": d.draw(st.integers(-1, 3))}, DTYPES),
    "cumsum": (lambda d, x: {"axis": d.draw(st.integers(-1, x.ndim - 1)), "reverse": d.draw(st.booleans())}, NUMBERS),
    "expand_dims": (lambda d, x: {"axes": d.draw(st.sampled_from([[0], [-1], [1, 3], [-2, 0]]))}, DTYPES),
    "flatten2d": (lambda d, x: {"axis": d.draw(st.integers(1, x.ndim - 1))}, DTYPES),
    "gather": (_gather, NUMBERS),
    "gather batch": (_gather_batched, NUMBERS),
    "gather_along_axis": (_along, NUMBERS),
    "identity": (lambda d, x: {}, DTYPES),
    "non_zero": (lambda d, x: {}, DTYPES),
    "pad": (_pad, ("float16", "float32")),
    "reshape": (_reshape, DTYPES),
    "reverse": (lambda d, x: {"axes": [_axis(d, x)]}, DTYPES),
    "shape": (lambda d, x: {}, DTYPES),
    "slice_by_index": (_slice, NUMBERS),
    "slice_by_size": (_slice_by_size, DTYPES),
    "squeeze": (lambda d, x: {"x": x[:, :1], "axes": [1]}, DTYPES),
    "tile": (lambda d, x: {"reps": _sizes(d, x, 1, 3)}, DTYPES),
    "transpose": (_permutation, DTYPES),
    "argsort": (lambda d, x: {"x": _apart(x), "axis": _axis(d, x), "ascending": d.draw(st.booleans())}, NUMBERS),
}
INT32 = {"argsort", "non_zero", "shape"}
many = settings(max_examples=10, deadline=None, derandomize=True)
shapes = st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple)


def _x(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(-3, 4, shape).astype(dtype)


def _agree(op: str, dtype: str, parameters: Parameters, opset: str = "CoreML7") -> None:
    want = inferred(op, opset=opset, **parameters)
    got = run(op, dtype, opset=opset, **{name: _input(value) for name, value in parameters.items()})
    assert got.shape == want.shape
    np.testing.assert_array_equal(got, want.astype(got.dtype))


def _input(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES)
@many
@given(data=st.data(), shape=shapes)
def test_one_tensor(case: str, data: st.DataObject, shape: tuple[int, ...]) -> None:
    op, (drawn, dtypes) = case.split(maxsplit=1)[0], CASES[case]
    dtype = data.draw(st.sampled_from(dtypes))
    x = _x(shape, dtype)
    _agree(op, "int32" if op in INT32 else dtype, {"x": x, **drawn(data, x)})


@many
@given(data=st.data(), shape=shapes, dtype=st.sampled_from(NUMBERS))
def test_scatter_along_axis(data: st.DataObject, shape: tuple[int, ...], dtype: str) -> None:
    x = _x(shape, dtype)
    parameters = {"data": x, **_along(data, x), "updates": _apart(x), "mode": "update"}
    _agree("scatter_along_axis", dtype, parameters, "CoreML6")


@many
@given(data=st.data(), shape=shapes, dtype=st.sampled_from(NUMBERS))
def test_slice_update(data: st.DataObject, shape: tuple[int, ...], dtype: str) -> None:
    x = _x(shape, dtype)
    parameters = {name: value for name, value in _slice(data, x).items() if name != "squeeze_mask"}
    update = run("slice_by_index", dtype, x=_apart(x), **parameters).astype(dtype)
    _agree("slice_update", dtype, {"x": x, "update": update, **parameters}, "CoreML8")


@many
@given(shape=shapes, dtype=st.sampled_from(DTYPES), axis=st.integers(-2, 1))
def test_several_tensors(shape: tuple[int, ...], dtype: str, axis: int) -> None:
    x = _x(shape, dtype)
    for op in ("concat", "stack"):
        want = inferred(op, values=[x, x[::-1]], axis=axis)
        np.testing.assert_array_equal(run(op, dtype, values=(x, x[::-1].copy()), axis=axis), want)


@many
@given(shape=shapes, dtype=st.sampled_from(NUMBERS), seed=st.integers(0, 9))
def test_select(shape: tuple[int, ...], dtype: str, seed: int) -> None:
    cond = np.random.default_rng(seed).random(shape) < 0.5
    _agree("select", dtype, {"cond": cond, "a": _x(shape, dtype), "b": _apart(_x(shape, dtype))})


@many
@given(shape=shapes, value=st.sampled_from([2.5, 7, True]))
def test_fill(shape: tuple[int, ...], value: Any) -> None:
    dtype = {float: "float32", int: "int32", bool: "bool"}[type(value)]
    _agree("fill", dtype, {"shape": list(shape), "value": value})
    _agree("fill_like", dtype, {"ref_tensor": np.zeros(shape, np.float32), "value": value})


@many
@given(start=st.integers(-9, 9), count=st.integers(1, 9), step=st.sampled_from([-3, -1, 1, 2]))
def test_range_1d(start: int, count: int, step: int) -> None:
    _agree("range_1d", "int32", {"start": start, "end": start + count * step, "step": step})
    half = {"start": start / 2, "end": (start + count * step) / 2, "step": step / 2}
    _agree("range_1d", "float32", half)


def _parts(op: str, **parameters: Any) -> list[np.ndarray]:
    """What coremltools folds to several values."""
    coremltools, mb = builder()
    found: list[Any] = []

    def program() -> Any:
        values = getattr(mb, op)(**parameters)
        found.extend(value.val for value in values)
        return values

    mb.program(input_specs=[], opset_version=coremltools.target.iOS17)(program)
    return found


@many
@given(data=st.data(), shape=shapes, dtype=st.sampled_from(NUMBERS), ascending=st.booleans())
def test_topk(data: st.DataObject, shape: tuple[int, ...], dtype: str, ascending: bool) -> None:
    x = _apart(_x(shape, dtype))
    axis = _axis(data, x)
    parameters = {"x": x, "k": data.draw(st.integers(1, x.shape[axis])), "axis": axis, "ascending": ascending}
    for got, want in zip(
        run("topk", f"{dtype} int32", opset="CoreML7", **parameters), _parts("topk", **parameters), strict=True
    ):
        np.testing.assert_array_equal(got, want)


@many
@given(shape=shapes, first=st.integers(1, 3))
def test_split(shape: tuple[int, ...], first: int) -> None:
    x = _x((*shape, 4), "float32")
    parameters = {"x": x, "split_sizes": [first, 4 - first], "axis": -1}
    for got, want in zip(run("split", "float32 float32", **parameters), _parts("split", **parameters), strict=True):
        np.testing.assert_array_equal(got, want)

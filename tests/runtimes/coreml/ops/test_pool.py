from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import run
from tests.runtimes.coreml.ops.naive import Pads, windows

from portproof.device_profiles.errors import PortproofError

RNG = np.random.default_rng(0)


def _pooled(op: str, x: np.ndarray, kernel: list[int], strides: list[int], pads: Pads, exclude: bool) -> np.ndarray:
    fill = 0.0 if op == "avg_pool" and not exclude else np.nan
    view = windows(x.astype(np.float64), kernel, strides, [1] * len(kernel), pads, fill)
    axes = tuple(range(x.ndim, view.ndim))
    if op == "max_pool":
        return np.nanmax(view, axes)
    return np.nanmean(view, axes) if op == "avg_pool" else np.sqrt(np.nansum(view**2, axes))


def _check(op: str, x: np.ndarray, pads: Pads, kernel: list[int], strides: list[int], **options: Any) -> None:
    exclude = bool(options.get("exclude_padding_from_average"))
    got = run(op, "float32", x=x, kernel_sizes=kernel, strides=strides, **options)
    want = _pooled(op, x, kernel, strides, pads, exclude)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5)


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("max_pool", {}),
    ("l2_pool", {}),
    ("avg_pool", {}),
    ("avg_pool", {"exclude_padding_from_average": True}),
]


@pytest.mark.parametrize(
    ("op", "options", "rank"),
    [(op, options, rank) for op, options in OPTIONS for rank in (1, 2, 3) if (op, rank) != ("l2_pool", 3)],
)
def test_every_padding(op: str, options: dict[str, Any], rank: int) -> None:
    x = RNG.normal(size=(2, 3, *[7, 6, 5][:rank])).astype(np.float32)
    kernel, strides = [3, 2, 3][:rank], [2, 1, 2][:rank]
    _check(op, x, [(0, 0)] * rank, kernel, strides, pad_type="valid", **options)
    same = [(1, 1), (0, 1), (1, 1)][:rank]
    _check(op, x, same, kernel, strides, pad_type="same", **options)
    lower = [(after, before) for before, after in same]
    _check(op, x, lower, kernel, strides, pad_type="same_lower", opset="CoreML6", **options)
    for pads in ([(1, 1)] * rank, [(0, 1), (1, 0), (2, 1)][:rank], [(2, 2)] * rank):
        flat = [amount for pair in pads for amount in pair]
        if all(amount < size for pair, size in zip(pads, kernel, strict=True) for amount in pair):
            _check(op, x, pads, kernel, strides, pad_type="custom", pad=flat, **options)


@pytest.mark.parametrize("size", range(4, 11))
@pytest.mark.parametrize(("kernel", "stride", "pad"), [(3, 2, 0), (3, 2, 1), (2, 2, 1), (3, 3, 1), (2, 3, 1)])
@pytest.mark.parametrize("exclude", [False, True])
def test_ceil_mode_is_that_of_torch(size: int, kernel: int, stride: int, pad: int, exclude: bool) -> None:
    import torch

    x = RNG.normal(size=(1, 2, size, size)).astype(np.float32)
    common: dict[str, Any] = {
        "x": x,
        "kernel_sizes": [kernel] * 2,
        "strides": [stride] * 2,
        "pad_type": "custom",
        "pad": [pad] * 4,
        "ceil_mode": True,
    }
    given = torch.from_numpy(x)
    want = torch.nn.functional.max_pool2d(given, kernel, stride, pad, ceil_mode=True)
    mean = torch.nn.functional.avg_pool2d(given, kernel, stride, pad, ceil_mode=True, count_include_pad=not exclude)
    got = run("max_pool", "float32", **common)
    np.testing.assert_array_equal(got, want.numpy())
    got = run("avg_pool", "float32", exclude_padding_from_average=exclude, **common)
    np.testing.assert_allclose(got, mean.numpy(), rtol=0, atol=1e-6)


def test_numbers_of_the_documentation() -> None:
    x = np.arange(1, 8, dtype=np.float32).reshape(1, 1, 7)
    same: dict[str, Any] = {"x": x, "kernel_sizes": [3], "strides": [3], "pad_type": "same"}
    assert run("max_pool", "float32", **same).tolist() == [[[2.0, 5.0, 7.0]]]
    assert run("avg_pool", "float32", exclude_padding_from_average=True, **same).tolist() == [[[1.5, 4.0, 6.5]]]
    np.testing.assert_allclose(run("l2_pool", "float32", **same), [[[5**0.5, 50**0.5, 85**0.5]]], rtol=1e-6)


def test_the_largest_of_negative_numbers_is_not_the_padding() -> None:
    x = np.full((1, 1, 3, 3), -2.0, np.float32)
    got = run("max_pool", "float16", x=x, kernel_sizes=[2, 2], pad_type="custom", pad=[1, 1, 1, 0])
    assert np.all(got == -2)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"pad_type": "round"}, "no pad_type 'round'"),
        ({"pad_type": "same_lower"}, "comes with iOS 16"),
        ({"pad_type": "same", "ceil_mode": True}, "ceil_mode needs"),
        ({"pad_type": "custom", "pad": [0, 1, 0, 0], "ceil_mode": True}, "ceil_mode needs"),
        ({"pad_type": "valid", "strides": [1, 2, 3]}, "strides has to hold 2"),
        ({"pad_type": "valid", "kernel_sizes": [1]}, "kernel_sizes has to hold 2"),
        ({"pad_type": "valid", "kernel_sizes": [1, 1], "strides": [3, 3], "ceil_mode": True}, "outside of the input"),
    ],
)
@pytest.mark.parametrize("op", ["max_pool", "avg_pool", "l2_pool"])
def test_what_is_refused(op: str, parameters: dict[str, Any], why: str) -> None:
    x = np.zeros((1, 1, 3, 3), np.float32)
    with pytest.raises(PortproofError, match=why):
        run(op, "float32", **{"x": x, "kernel_sizes": [2, 2], **parameters})


def test_l2_pool_over_three_axes_is_refused() -> None:
    with pytest.raises(PortproofError, match="one or two spatial axes"):
        run("l2_pool", "float32", x=np.zeros((1, 1, 3, 3, 3), np.float32), kernel_sizes=[2, 2, 2], pad_type="valid")

from typing import Any

import numpy as np
import pytest
import torch
from tests.runtimes.coreml.inferred import inferred
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

RNG = np.random.default_rng(0)


def _random(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 3, 3), (1, 3, 2, 2, 3)])
@pytest.mark.parametrize("affine", [False, True])
def test_batch_norm(shape: tuple[int, ...], affine: bool) -> None:
    x, mean, variance = _random(*shape), _random(3), RNG.uniform(0.5, 2, 3).astype(np.float32)
    gamma, beta = (_random(3), _random(3)) if affine else (None, None)
    got = run("batch_norm", "float32", x=x, mean=mean, variance=variance, gamma=gamma, beta=beta, epsilon=0.01)
    each = (-1, *[1] * (len(shape) - 2))
    want = (x - mean.reshape(each)) / np.sqrt(variance.reshape(each) + 0.01)
    if gamma is not None and beta is not None:
        want = want * gamma.reshape(each) + beta.reshape(each)
    np.testing.assert_allclose(got, want, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5), (2, 3, 1, 1)])
def test_instance_norm(shape: tuple[int, ...]) -> None:
    x, gamma, beta = _random(*shape), _random(3), _random(3)
    axes, each = tuple(range(2, len(shape))), (-1, *[1] * (len(shape) - 2))
    want = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    np.testing.assert_allclose(run("instance_norm", "float32", x=x), want, atol=1e-5)
    got = run("instance_norm", "float32", x=x, gamma=gamma, beta=beta)
    np.testing.assert_allclose(got, want * gamma.reshape(each) + beta.reshape(each), atol=1e-5)


@pytest.mark.parametrize("axes", [[-1], [1, 2], [0], [2, 0], [1], [0, 1, 2], None])
def test_layer_norm_over_any_axes(axes: list[int] | None) -> None:
    x = _random(3, 3, 4)
    shape = tuple(x.shape[axis] for axis in sorted(axis % 3 for axis in ([0, 1, 2] if axes is None else axes)))
    given: dict[str, Any] = {"gamma": _random(*shape), "beta": _random(*shape)}
    got = run("layer_norm", "float32", x=x, axes=axes, epsilon=0.1, **given)
    want = inferred("layer_norm", x=x, axes=axes or [0, 1, 2], epsilon=np.float32(0.1), **given)
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_layer_norm_of_float16_has_means_in_float32() -> None:
    x = (np.float16(1000) + RNG.integers(0, 8, (2, 512))).astype(np.float16)
    got = run("layer_norm", "float16", x=x, axes=[-1])
    wide = x.astype(np.float64)
    want = (wide - wide.mean(-1, keepdims=True)) / np.sqrt(wide.var(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(got, want, atol=2e-3)


def test_l2_norm_covers_three_axes() -> None:
    x = _random(2, 3, 3, 2)
    want = x / np.sqrt((x**2).sum((1, 2, 3), keepdims=True) + 0.5)
    np.testing.assert_allclose(run("l2_norm", "float32", x=x, epsilon=0.5), want, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_local_response_norm_is_torchs(size: int) -> None:
    x = _random(2, 6, 3, 3)
    want = torch.nn.LocalResponseNorm(size, 0.1, 0.5, 2.0)(torch.from_numpy(x))
    got = run("local_response_norm", "float32", x=x, size=size, alpha=0.1, beta=0.5, k=2.0)
    np.testing.assert_allclose(got, want.numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("op", "parameters", "why"),
    [
        ("batch_norm", {"x": _random(2, 3), "mean": _random(3), "variance": _random(3)}, "rank 3 to 5, not 2"),
        ("instance_norm", {"x": _random(2, 3)}, "rank 3 to 4, not 2"),
        ("l2_norm", {"x": _random(2, 3)}, "three axes at least"),
        ("layer_norm", {"x": _random(2, 3), "axes": [2]}, "axis 2 is none of"),
        ("layer_norm", {"x": _random(2, 3), "axes": [1], "gamma": _random(2)}, "gamma has shape"),
        ("layer_norm", {"x": _random(2, 3), "axes": [1], "beta": _random(1)}, "beta has shape"),
        ("local_response_norm", {"x": _random(2, 3, 4), "size": 0}, "one neighbour at least"),
        ("local_response_norm", {"x": _random(2, 3, 4)}, "needs size"),
    ],
)
def test_what_is_refused(op: str, parameters: dict[str, Any], why: str) -> None:
    with pytest.raises(PortproofError, match=why):
        run(op, "float32", **parameters)

from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.inferred import inferred
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

RNG = np.random.default_rng(0)


def _random(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 3), (1, 3, 2, 2, 3)])
def test_prelu_has_a_slope_for_each_channel(shape: tuple[int, ...]) -> None:
    x, alpha = _random(*shape), np.full(3, 0.3, np.float32)
    if len(shape) == 4:
        alpha = _random(3)
    np.testing.assert_allclose(
        run("prelu", "float32", x=x, alpha=alpha), inferred("prelu", x=x, alpha=alpha), atol=1e-6
    )


def test_parametric_softplus_is_what_coremltools_folds() -> None:
    x, alpha, beta = _random(2, 3, 4, 3), _random(3), _random(3)
    want = inferred("softplus_parametric", x=x, alpha=alpha, beta=beta)
    np.testing.assert_allclose(run("softplus_parametric", "float32", x=x, alpha=alpha, beta=beta), want, atol=1e-6)


def test_softplus_neither_overflows_nor_drops_what_is_small() -> None:
    x = np.array([-50, -20, 0, 20, 500], np.float32)
    want = [*np.log1p(np.exp(x[:4].astype(np.float64))), 500.0]
    np.testing.assert_allclose(run("softplus", "float32", x=x), want, rtol=1e-6)


def test_silu_and_softmax() -> None:
    x = _random(3, 4)
    np.testing.assert_allclose(run("silu", "float32", x=x), x / (1 + np.exp(-x)), atol=1e-6)
    large = np.array([[60000.0, 60000.0]], np.float16)
    assert run("softmax", "float16", x=large).tolist() == [[0.5, 0.5]]
    with pytest.raises(PortproofError, match=r"(?i)dimension"):
        run("softmax", "float32", x=x, axis=2)


def test_clamped_relu_clamps_both_branches() -> None:
    x = np.array([-10, -1, 1, 10], np.float32)
    assert run("clamped_relu", "float32", x=x, alpha=-2.0, beta=3.0).tolist() == [3, 2, 1, 3]


@pytest.mark.parametrize(
    ("op", "parameters", "why"),
    [
        ("gelu", {"mode": "FAST"}, "no mode 'FAST'"),
        ("prelu", {"alpha": _random(4)}, "does not give each channel"),
        ("prelu", {"x": _random(2, 3), "alpha": _random(3)}, "does not give each channel"),
        ("softplus_parametric", {"alpha": _random(3), "beta": _random(1)}, "do not give each channel"),
        ("leaky_relu", {"alpha": [0.1, 0.2]}, "one number is needed"),
        ("elu", {}, "needs alpha"),
        ("relu", {"alpha": 1.0}, "does not know alpha"),
    ],
)
def test_what_is_refused(op: str, parameters: dict[str, Any], why: str) -> None:
    with pytest.raises(PortproofError, match=why):
        run(op, "float32", **{"x": _random(2, 3, 4), **parameters})

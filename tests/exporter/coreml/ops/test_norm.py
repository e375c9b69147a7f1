"""Normalisations over axes, channels, groups and neighbours."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.coreml.ops.samples import grid, typed
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

X = grid(2, 4, 3, 5)
HOW: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}


def _scale(*shape: int) -> dict[str, np.ndarray]:
    return {"s": grid(*shape, seed=1) + 1, "b": grid(*shape, seed=2)}


def test_layers() -> None:
    fed = {"x": X}
    cases = {
        "last": (node_model("LayerNormalization", fed, constants=_scale(5)), fed),
        "two": (node_model("LayerNormalization", fed, constants=_scale(3, 5), axis=2, epsilon=1e-2), fed),
        "one": (node_model("LayerNormalization", fed, constants=_scale(1), axis=-2), fed),
        "scale": (node_model("LayerNormalization", fed, constants={"s": _scale(5)["s"]}), fed),
    }
    check_all(cases, **HOW, expect=["layer_norm"] * 4)


def test_layers_with_statistics_or_late_parameters() -> None:
    fed = {"x": X}
    check(node_model("LayerNormalization", fed, constants=_scale(5), outputs=["y", "m", "i"]), fed, **HOW)
    fed = {"x": X, **_scale(5)}
    check(node_model("LayerNormalization", fed), fed, **HOW)


def test_root_mean_squares() -> None:
    fed = {"x": X}
    cases = {
        "last": (node_model("RMSNormalization", fed, constants={"s": _scale(5)["s"]}), fed),
        "two": (node_model("RMSNormalization", fed, constants={"s": _scale(3, 5)["s"]}, axis=2, epsilon=0.1), fed),
    }
    check_all(cases, **HOW, oracle="reference", expect=["mul", "mul", "reduce_mean", "rsqrt", "square"] * 2)


def test_mean_and_variance() -> None:
    fed = {"x": X}
    cases = {
        "default": (node_model("MeanVarianceNormalization", fed), fed),
        "axes": (node_model("MeanVarianceNormalization", fed, axes=[-1]), fed),
    }
    check_all(cases, **HOW)


@pytest.mark.parametrize("shape", [(2, 4, 15), (2, 4, 3, 5), (2, 4, 3, 5, 1)])
def test_instances(shape: tuple[int, ...]) -> None:
    fed = {"x": X.reshape(shape)}
    check(node_model("InstanceNormalization", fed, constants=_scale(4)), fed, **HOW)


def test_instances_with_late_parameters() -> None:
    fed = {"x": X, **_scale(4)}
    check(node_model("InstanceNormalization", fed), fed, **HOW)


def _groups(groups: int, size: int = 4, **how: Any) -> tuple[Any, Any]:
    model = node_model("GroupNormalization", {"x": X}, constants=_scale(size), num_groups=groups, **how)
    return typed(model, X.shape), {"x": X}


def test_groups() -> None:
    check_all({f"g{groups}": _groups(groups) for groups in (1, 2, 4)}, **HOW, oracle="reference")
    check(*_groups(2, 2, opset=18), **HOW)


def test_groups_that_do_not_divide() -> None:
    with pytest.raises(PortproofError, match="cannot be divided into 3 groups"):
        run(*_groups(3))


NEIGHBOURS = {"alpha": 0.5, "beta": 0.6, "bias": 1.5}


def test_odd_numbers_of_neighbours() -> None:
    cases = {f"s{size}": (node_model("LRN", {"x": X}, size=size, **NEIGHBOURS), {"x": X}) for size in (1, 3, 5)}
    check_all(cases, **HOW, expect=["local_response_norm"] * 3)


@pytest.mark.parametrize("size", [2, 4])
def test_even_numbers_of_neighbours_have_one_more_behind(size: int) -> None:
    got, _ = run(node_model("LRN", {"x": X}, size=size, **NEIGHBOURS), {"x": X})
    padded = np.pad(X**2, [(0, 0), ((size - 1) // 2, size // 2), (0, 0), (0, 0)])
    total = sum(padded[:, start : start + 4] for start in range(size))
    np.testing.assert_allclose(got["y"], X / (1.5 + 0.5 / size * total) ** 0.6, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("p", [1, 2])
def test_p_norms(p: int) -> None:
    x = X.copy()
    x[0, 0, 0] = 0
    cases = {
        f"a{axis + 1}": (node_model("LpNormalization", {"x": x}, p=p, axis=axis, opset=21), {"x": x})
        for axis in (-1, 1)
    }
    check_all(cases, **HOW)

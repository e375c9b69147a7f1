"""Pow and Mod."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

X = np.array([[0.5, 1.5, 2], [3, 0.25, 4]], np.float32)
INTS = np.array([-3, -1, 0, 2, 7])


@pytest.mark.parametrize(
    ("exponent", "expect"),
    [
        (1, []),
        (2, ["square"]),
        (3, ["mul", "square"]),
        (0.5, ["sqrt"]),
        (-0.5, ["rsqrt"]),
        (-1, ["real_div"]),
        (1.7, ["pow"]),
    ],
)
def test_constant_exponents(exponent: float, expect: list[str]) -> None:
    y = np.array(exponent, np.float32)
    check(node_model("Pow", {"x": X}, constants={"p": y}), {"x": X}, expect=expect)


def test_exponents_that_broadcast() -> None:
    y = np.array([[[1]], [[2]]], np.float32)
    check(node_model("Pow", {"x": X}, constants={"p": y}), {"x": X})


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_computed_exponents(dtype: type) -> None:
    fed = {"x": X, "p": np.array([2, 3, 1], dtype)}
    check(node_model("Pow", fed), fed, float16=dtype is np.float32)


def test_integers() -> None:
    models = {f"p{p}": node_model("Pow", {"x": INTS}, constants={"p": np.array(p)}) for p in (0, 1, 2, 5)}
    check_all({name: (model, {"x": INTS}) for name, model in models.items()}, float16=False)


def test_integers_by_computed_exponents() -> None:
    fed = {"x": INTS, "p": np.array([3, 2, 0, 10, 2])}
    check(node_model("Pow", fed), fed, float16=False)
    fed = {"x": np.array([1, 2, 3, 5], np.int32), "p": np.array([4, 10, 5, 3.5], np.float32)}
    check(node_model("Pow", fed), fed, float16=False)


def test_integers_by_fractions() -> None:
    with pytest.raises(PortproofError, match="not a whole number"):
        run(node_model("Pow", {"x": INTS}, constants={"p": np.array(0.5, np.float32)}), {"x": INTS})


@pytest.mark.parametrize("fmod", [0, 1])
@pytest.mark.parametrize("dtype", [np.int64, np.int8])
def test_remainders_of_integers(fmod: int, dtype: type) -> None:
    fed = {"a": np.array([7, -7, 7, -7, 6, -6], dtype), "b": np.array([3, 3, -3, -3, 3, -3], dtype)}
    check(node_model("Mod", fed, fmod=fmod), fed, float16=False)


def test_remainders_of_floats() -> None:
    fed = {"a": np.array([7.5, -7.5, 7.5, -7.5, 6], np.float32), "b": np.array([3, 3, -3, -3, 1.5], np.float32)}
    check(node_model("Mod", fed, fmod=1), fed)

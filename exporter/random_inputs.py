"""Seeded random inputs that look like given ones: for proving a step of the pipeline on data it has not seen."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx_ir as ir

Arrays = dict[str, NDArray[Any]]


def like(example: Mapping[str, NDArray[Any]], seed: int) -> Arrays:
    """Arrays of the shapes and dtypes of `example`, other values.

    Floats are normal with the example's mean and deviation; integers are uniform between the example's smallest
    and largest value (indices stay valid), 0 and 1 included when it has one value only; booleans are a coin.
    """
    generator = np.random.default_rng(seed)
    return {name: _like(array, generator) for name, array in example.items()}


def for_model(model: "ir.Model", seed: int) -> Arrays:
    """Arrays for the inputs of a model whose shapes are static: floats standard normal, integers 0 or 1."""
    zeros = {
        value.name or "": np.zeros(value.shape.numpy(), value.dtype.numpy())
        for value in model.graph.inputs
        if not value.is_initializer() and value.shape is not None and value.dtype is not None
    }
    return like(zeros, seed)


def _like(array: NDArray[Any], generator: np.random.Generator) -> NDArray[Any]:
    if array.dtype.kind == "b":
        return generator.random(array.shape) < 0.5
    if array.dtype.kind in "iu":
        low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
        low, high = (min(low, 0), max(high, 1)) if low == high else (low, high)
        return generator.integers(low, high, array.shape, dtype=np.int64, endpoint=True).astype(array.dtype)
    wide = array.astype(np.float64) if array.size else np.zeros(1)
    mean, deviation = float(wide.mean()), float(wide.std())
    return np.asarray(generator.normal(mean, deviation or 1.0, array.shape)).astype(array.dtype)

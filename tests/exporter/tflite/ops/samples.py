"""Arrays for operator tests, and the refusal that a model must end in."""

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import settings

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.narrowing import warnings

SMALL = settings(derandomize=True, max_examples=20, deadline=None, database=None)
"""Properties: the same few examples on every run."""


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Seeded float32 numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def whole(*shape: int, dtype: str = "int32", low: int = 0, high: int = 100) -> np.ndarray:
    """Seeded integers."""
    return np.random.default_rng(0).integers(low, high, shape).astype(dtype)


def refusal(model: ir.Model) -> str:
    """The text of the refusal that lowering `model` raises."""
    with pytest.raises(PortproofError) as caught:
        lower(model)
    assert caught.value.code == "E-OP-UNSUPPORTED"
    return str(caught.value)


def narrowed(model: ir.Model) -> str:
    """The warnings that lowering `model` ends in: of float64 computed in float32."""
    return "\n".join(f"{message.code} {message.what}" for message in warnings(lower(model)))

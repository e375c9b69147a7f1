"""Activations."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreai.harness import check_all, needs_coreai
from tests.exporter.tflite.harness import node_model

pytestmark = needs_coreai
X = np.linspace(-4, 4, 30, dtype=np.float32).reshape(2, 3, 5)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_activations(dtype: Any) -> None:
    x = X.astype(dtype)
    cases: list[tuple[str, dict[str, Any]]] = [
        ("HardSwish", {}),
        ("Softplus", {}),
        ("Softsign", {}),
        ("LeakyRelu", {"alpha": 0.25}),
        ("HardSigmoid", {"alpha": 0.3, "beta": 0.4}),
        ("Elu", {"alpha": 1.5}),
        ("Gelu", {}),
        ("Gelu", {"approximate": "tanh"}),
        ("Softmax", {"axis": 1}),
        ("LogSoftmax", {"axis": -1}),
    ]
    tolerance = 1e-6 if dtype == np.float32 else 4e-3
    named = {f"{i}{op}": (node_model(op, {"x": x}, **given), {"x": x}) for i, (op, given) in enumerate(cases)}
    check_all(named, atol=tolerance, oracle="ort" if dtype == np.float32 else "reference")


def test_those_that_onnx_defines_by_others() -> None:
    ops = ["Celu", "Selu", "Mish", "ThresholdedRelu"]
    check_all({op: (node_model(op, {"x": X}), {"x": X}) for op in ops})


def test_clip() -> None:
    for_all = {
        "both": {"min": np.float32(-1), "max": np.float32(2)},
        "crossed": {"min": np.float32(2), "max": np.float32(-1)},
        "low": {"min": np.float32(0.5)},
    }
    cases = {
        name: (node_model("Clip", {"x": X}, constants=given, order=["x", *given]), {"x": X})
        for name, given in for_all.items()
    }
    check_all(cases)


def test_softplus_and_logsoftmax_of_large_numbers() -> None:
    x = np.array([[-200, -1, 0, 1, 200]], np.float32)
    check_all({op: (node_model(op, {"x": x}), {"x": x}) for op in ("Softplus", "LogSoftmax", "Softsign")})


def test_prelu() -> None:
    slope = np.array([[0.5], [-1], [2]], np.float32)
    check_all({"prelu": (node_model("PRelu", {"x": X}, constants={"slope": slope}), {"x": X})})

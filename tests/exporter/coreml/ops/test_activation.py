"""Activations."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.coreml.ops.samples import typed
from tests.exporter.tflite.harness import node_model

X = np.linspace(-4, 4, 30, dtype=np.float32).reshape(2, 3, 5)
ORT = "com.microsoft"


def test_those_without_attributes() -> None:
    ops = ["Sigmoid", "Tanh", "Softsign", "Softplus", "Relu", "HardSwish", "Mish"]
    check_all({op: (node_model(op, {"x": X}), {"x": X}) for op in ops})


def test_those_with_attributes() -> None:
    cases: list[tuple[str, dict[str, Any]]] = [
        ("LeakyRelu", {"alpha": 0.25}),
        ("HardSigmoid", {"alpha": 0.3, "beta": 0.4}),
        ("Gelu", {}),
        ("Gelu", {"approximate": "tanh"}),
        ("ThresholdedRelu", {"alpha": 0.7}),
        ("ThresholdedRelu", {"alpha": 4.0}),
        ("Shrink", {"bias": 0.5, "lambd": 1.5}),
    ]
    check_all({f"{i}{op}": (node_model(op, {"x": X}, **given), {"x": X}) for i, (op, given) in enumerate(cases)})


def test_thresholded_relu_at_its_threshold() -> None:
    x = np.array([0.5, 1, 1.5, -1], np.float32)
    check(node_model("ThresholdedRelu", {"x": x}, alpha=1.0), {"x": x}, expect=["greater", "select"])


@pytest.mark.parametrize("op", ["Gelu", "FastGelu", "QuickGelu"])
def test_those_of_onnx_runtime(op: str) -> None:
    model = node_model(op, {"x": X}, domain=ORT, opset=1)
    check(typed(model, X.shape), {"x": X})


def test_the_bias_of_fast_gelu() -> None:
    bias = np.array([0.5, -1, 0, 2, 1], np.float32)
    model = node_model("FastGelu", {"x": X}, constants={"bias": bias}, domain=ORT, opset=1)
    check(typed(model, X.shape), {"x": X})


@pytest.mark.parametrize("alpha", [1.0, 1.5])
def test_swish(alpha: float) -> None:
    got, written = run(node_model("Swish", {"x": X}, opset=24, alpha=alpha), {"x": X})
    np.testing.assert_allclose(got["y"], X / (1 + np.exp(-alpha * X)), rtol=1e-5, atol=1e-6)
    assert dict(written.op_counts) == ({"silu": 1} if alpha == 1 else {"mul": 2, "sigmoid": 1})


def test_relu_of_integers() -> None:
    x = np.array([-3, 0, 7, -128], np.int8)
    check(node_model("Relu", {"x": x}), {"x": x})

"""Activations."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.tflite.harness import node_model

X = np.linspace(-4, 4, 30, dtype=np.float32).reshape(2, 3, 5)


@pytest.mark.parametrize("op", ["Sigmoid", "Tanh", "Softsign", "Relu", "HardSwish"])
def test_those_without_attributes(op: str) -> None:
    check(node_model(op, {"x": X}), {"x": X})

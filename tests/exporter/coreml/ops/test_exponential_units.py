"""Elu, Selu, Celu."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, run
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

X = np.linspace(-4, 4, 30, dtype=np.float32).reshape(2, 3, 5)


@pytest.mark.parametrize(
    ("op", "attributes", "expect"),
    [
        ("Elu", {}, ["elu"]),
        ("Elu", {"alpha": 0.3}, ["elu"]),
        ("Selu", {}, ["elu", "mul"]),
        ("Selu", {"alpha": 2.0, "gamma": 0.5}, ["elu", "mul"]),
        ("Celu", {}, ["elu"]),
        ("Celu", {"alpha": 2.5}, ["elu", "mul", "mul"]),
    ],
)
def test_units(op: str, attributes: dict[str, float], expect: list[str]) -> None:
    check(node_model(op, {"x": X}, **attributes), {"x": X}, expect=expect)


def test_celu_without_a_positive_alpha() -> None:
    with pytest.raises(PortproofError, match="alpha is 0"):
        run(node_model("Celu", {"x": X}, alpha=0.0), {"x": X})

"""Operators whose bodies are recurrences, some of their inputs left out: by a Scan that becomes a WHILE."""

import numpy as np
import pytest
from tests.exporter.tflite.harness import check, node_model, ops_of
from tests.exporter.tflite.ops.control_support import floats

STEPS, HEADS, SIZE = 20, 2, 4
PACKED = (1, STEPS, HEADS * SIZE)


@pytest.mark.parametrize("rule", ["linear", "gated", "delta", "gated_delta"])
def test_linear_attention(rule: str) -> None:
    """Past states, decay and beta are each there or not."""
    inputs = {name: floats(*PACKED, seed=seed) / 2 for seed, name in enumerate(("query", "key", "value"))}
    optional = {}
    if rule.startswith("gated"):
        optional["decay"] = -np.abs(floats(*PACKED, seed=3))
    if rule.endswith("delta"):
        optional["beta"] = np.abs(floats(1, STEPS, HEADS, seed=4)) / 4
    order = ["query", "key", "value", "", *(name if name in optional else "" for name in ("decay", "beta"))]
    model = node_model(
        "LinearAttention",
        inputs | optional,
        order=order,
        outputs=("y", "state"),
        opset=27,
        q_num_heads=HEADS,
        kv_num_heads=HEADS,
        update_rule=rule,
    )
    assert ops_of(model)["WHILE"] == 1
    check(model, inputs | optional, oracle="reference", rtol=1e-4, atol=1e-5)


def test_a_convolution_with_a_past_and_without_a_bias() -> None:
    inputs = {"x": floats(2, 4, 8), "past": floats(2, 4, 2, seed=1)}
    model = node_model(
        "CausalConvWithState",
        inputs,
        constants={"w": floats(4, 1, 3, seed=2)},
        order=["x", "w", "", "past"],
        outputs=("y", "state"),
        opset=27,
    )
    check(model, inputs, oracle="reference", rtol=1e-4, atol=1e-5)

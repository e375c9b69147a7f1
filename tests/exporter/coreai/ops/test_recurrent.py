"""GRU and LSTM, unrolled."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreai.harness import check_all, needs_coreai, run
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

pytestmark = needs_coreai
RNG = np.random.default_rng(3)
X = RNG.normal(size=(5, 2, 3)).astype(np.float32)


def case(op: str, *, directions: int = 1, bias: bool = True, start: bool = False, **attributes: Any) -> Any:
    gates, units = (3, 4) if op == "GRU" else (4, 4)
    shapes = {"w": (directions, gates * units, 3), "r": (directions, gates * units, units)}
    shapes |= {"b": (directions, 2 * gates * units)} if bias else {}
    constants = {name: RNG.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    states = ["h"] if op == "GRU" else ["h", "c"]
    fed = {"x": X}
    order = ["x", "w", "r", "b" if bias else ""]
    if start:
        fed |= {name: RNG.normal(size=(directions, 2, units)).astype(np.float32) for name in states}
        order += ["", *states]
    outputs = ["y", "yh"] if op == "GRU" else ["y", "yh", "yc"]
    return node_model(
        op, fed, constants=constants, order=order, outputs=outputs, opset=18, hidden_size=units, **attributes
    ), fed


def test_against_onnx_runtime() -> None:
    check_all(
        {
            "gru": case("GRU"),
            "reset after": case("GRU", linear_before_reset=1, directions=2, direction="bidirectional", start=True),
            "lstm": case("LSTM", bias=False, direction="reverse"),
            "both": case("LSTM", directions=2, direction="bidirectional", start=True),
        },
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("attributes", "why"), [({"clip": 1.0}, "clip"), ({"activations": ["Relu", "Tanh", "Tanh"]}, "activations")]
)
def test_refusals(attributes: dict[str, Any], why: str) -> None:
    with pytest.raises(PortproofError) as caught:
        run(*case("LSTM", **attributes))
    assert why in caught.value.messages[0].why

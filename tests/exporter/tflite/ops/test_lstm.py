import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import onnx_outputs, tflite_outputs
from tests.exporter.tflite.ops.recurrent_support import agrees, recurrent, weights
from tests.exporter.tflite.ops.samples import normal, refusal

from portproof.exporter.tflite.conversion import convert_model
from portproof.exporter.tflite.lower import lower


def peepholes(directions: int = 1) -> dict[str, np.ndarray]:
    return {"p": normal(directions, 12, seed=7) / 2}


def body_ops(model: ir.Model) -> list[str]:
    (loop,) = [node for node in lower(model).graph if node.op_type == "WHILE"]
    return sorted(node.op_type for node in loop.attributes["body"].as_graph())


@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_peepholes(direction: str) -> None:
    x, directions = normal(4, 2, 3), 2 if direction == "bidirectional" else 1
    held = weights("LSTM", directions=directions) | peepholes(directions)
    agrees(recurrent("LSTM", {"x": x}, held, direction=direction), {"x": x})


@pytest.mark.parametrize("extra", [{}, peepholes()])
@pytest.mark.parametrize("clip", [0.1, 0.5])
def test_clip(clip: float, extra: dict[str, np.ndarray]) -> None:
    x = normal(4, 2, 3)
    agrees(recurrent("LSTM", {"x": x}, weights("LSTM") | extra, clip=clip), {"x": x})


@pytest.mark.parametrize("extra", [{}, peepholes()])
def test_forget_gate_coupled_to_the_input_gate(extra: dict[str, np.ndarray]) -> None:
    x = normal(4, 2, 3)
    agrees(recurrent("LSTM", {"x": x}, weights("LSTM") | extra, input_forget=1), {"x": x})


@pytest.mark.parametrize("names", [["HardSigmoid", "Relu", "Softsign"], ["Sigmoid", "Tanh", "Relu"]])
def test_activations(names: list[str]) -> None:
    x = normal(4, 2, 3)
    agrees(recurrent("LSTM", {"x": x}, weights("LSTM"), activations=names), {"x": x})


def test_large_inputs_do_not_overflow() -> None:
    x = normal(4, 2, 3) * 1e4
    agrees(recurrent("LSTM", {"x": x}, weights("LSTM")), {"x": x})


def test_a_long_sequence_does_not_drift() -> None:
    x = normal(200, 1, 16)
    agrees(recurrent("LSTM", {"x": x}, weights("LSTM", size=16, units=16)), {"x": x}, atol=1e-5)


def test_operators_of_a_step() -> None:
    step = ["ADD", "FULLY_CONNECTED", "LOGISTIC", "SPLIT", "MUL", "SUB", "MUL", "MUL", "ADD", "TANH", "MUL"]
    loop = ["ADD", "GATHER", "PACK", "RESHAPE", "DYNAMIC_UPDATE_SLICE"]
    x = normal(4, 2, 3)
    assert body_ops(recurrent("LSTM", {"x": x}, weights("LSTM"))) == sorted(step + loop)


def test_the_operator_of_the_first_opset_is_refused() -> None:
    x = normal(4, 2, 3)
    assert "no lowering" in refusal(recurrent("LSTM", {"x": x}, weights("LSTM"), opset=6))


def test_float16_weights_reach_the_step() -> None:
    x = normal(4, 1, 32)
    model = recurrent("LSTM", {"x": x}, weights("LSTM", size=32, units=32))
    full, half = (convert_model(model, io_layout="keep", float16_weights=halved) for halved in (False, True))
    assert half.op_counts["DEQUANTIZE"] == 2  # W outside of the loop, R inside
    assert len(half.data) < len(full.data) - 2 * 32 * 128 * 2 + 1000
    want = onnx_outputs(model, {"x": x})
    for reference in (False, True):
        got = tflite_outputs(half.data, {"x": x}, reference=reference)
        for name, array in want.items():
            np.testing.assert_allclose(got[name], array, atol=1e-2)

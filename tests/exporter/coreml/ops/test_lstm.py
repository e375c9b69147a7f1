"""LSTM: MIL's operator, and the loop where that says something else."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.movement_support import cases_model, refused
from tests.exporter.coreml.ops.recurrent_support import X, agrees, counts, layer
from tests.exporter.tflite.ops.recurrent_support import weights
from tests.exporter.tflite.ops.samples import normal

BOTH = weights("LSTM", directions=2)
STATES = {"h0": normal(1, 2, 4, seed=4), "c0": normal(1, 2, 4, seed=5)}
TWO_STATES = {"h0": normal(2, 2, 4, seed=4), "c0": normal(2, 2, 4, seed=5)}


@pytest.mark.parametrize("target", ["iOS16", "iOS18"])
def test_directions_and_states_are_one_operator_each(target: str) -> None:
    cases = [layer("LSTM"), layer("LSTM", weights("LSTM") | STATES, direction="reverse")]
    cases += [layer("LSTM", BOTH | TWO_STATES, direction="bidirectional"), layer("LSTM", weights("LSTM", bias=False))]
    cases += [layer("LSTM", activations=["Tanh", "Relu", "Sigmoid"])]
    agrees(cases, target=target, float16=target == "iOS18")
    for one in cases[:3]:
        assert "lstm" in counts(one, target=target)


def test_what_mil_says_differently_is_a_loop() -> None:
    peepholes = weights("LSTM") | STATES | {"p": normal(1, 12, seed=6)}
    cases = [layer("LSTM", peepholes), layer("LSTM", clip=0.3), layer("LSTM", input_forget=1)]
    cases += [layer("LSTM", activations=["HardSigmoid", "ScaledTanh", "Softsign"], **PARAMETERS)]
    agrees(cases, float16=False)
    assert "while_loop" in counts(layer("LSTM", clip=0.3), {"x": normal(9, 2, 3)})


PARAMETERS = {"activation_alpha": [0.25, 1.5], "activation_beta": [0.4, 0.5]}


@pytest.mark.parametrize("lengths", [[4, 2], [0, 3]])
def test_sequences_of_different_lengths(lengths: list[int]) -> None:
    held = BOTH | TWO_STATES | {"lens": np.array(lengths, np.int32)}
    inputs = {"x": X, "lens": np.array(lengths, np.int32)}
    late = layer("LSTM", BOTH, at_run_time=("x", "lens"), direction="bidirectional")
    agrees([layer("LSTM", held, direction="bidirectional"), late], inputs, float16=False)


def test_batch_first_and_weights_computed_at_run_time() -> None:
    held = weights("LSTM") | {name: state.transpose(1, 0, 2) for name, state in STATES.items()}
    cases = [layer("LSTM", held, layout=1)]
    agrees(cases, {"x": X.transpose(1, 0, 2)}, oracle="reference")
    given = {"x": X, **weights("LSTM")}
    agrees([layer("LSTM", {}, at_run_time=tuple(given))], given, float16=False)


def test_a_long_sequence_is_a_loop_of_one_step() -> None:
    x = {"x": normal(60, 1, 3)}
    one = layer("LSTM", clip=0.9)
    agrees([one], x, atol=1e-5)
    assert counts(one, x)["while_loop"] == 1


def test_refusals() -> None:
    refused(cases_model([layer("LSTM", clip=-1.0)], {"x": X}), "clip is -1")
    refused(cases_model([layer("LSTM", direction="sideways")], {"x": X}), "direction sideways")
    refused(cases_model([layer("LSTM", activations=["Cube", "Tanh", "Tanh"])], {"x": X}), "activation cube")

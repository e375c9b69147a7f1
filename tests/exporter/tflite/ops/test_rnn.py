import pytest
from tests.exporter.tflite.ops.recurrent_support import agrees, recurrent, weights
from tests.exporter.tflite.ops.samples import normal

from portproof.exporter.tflite.lower import lower


@pytest.mark.parametrize("clip", [0.1, 1.0])
def test_clip(clip: float) -> None:
    x = normal(4, 2, 3)
    agrees(recurrent("RNN", {"x": x}, weights("RNN"), clip=clip), {"x": x})


def test_directions_have_activations_of_their_own() -> None:
    x = normal(4, 2, 3)
    model = recurrent(
        "RNN", {"x": x}, weights("RNN", directions=2), direction="bidirectional", activations=["Relu", "Tanh"]
    )
    agrees(model, {"x": x})


def test_the_default_names_more_activations_than_one_direction_has() -> None:
    """The schema's default is a list of two, whatever the direction."""
    x = normal(4, 2, 3)
    agrees(recurrent("RNN", {"x": x}, weights("RNN")), {"x": x})


def test_operators_of_a_step() -> None:
    x = normal(4, 1, 3)
    (loop,) = [node for node in lower(recurrent("RNN", {"x": x}, weights("RNN"))).graph if node.op_type == "WHILE"]
    ops = sorted(node.op_type for node in loop.attributes["body"].as_graph())
    step, around = ["FULLY_CONNECTED", "ADD", "TANH"], ["ADD", "GATHER", "PACK", "RESHAPE", "DYNAMIC_UPDATE_SLICE"]
    assert ops == sorted(step + around)

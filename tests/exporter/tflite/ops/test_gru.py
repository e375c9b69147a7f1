import numpy as np
import pytest
from tests.exporter.tflite.ops.recurrent_support import agrees, recurrent, weights
from tests.exporter.tflite.ops.samples import normal

from portproof.exporter.tflite.lower import lower

both_forms = pytest.mark.parametrize("before", [0, 1])


@both_forms
@pytest.mark.parametrize("time", [1, 4])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_where_the_reset_is_applied(before: int, time: int, direction: str) -> None:
    x, directions = normal(time, 2, 3), 2 if direction == "bidirectional" else 1
    held = weights("GRU", directions=directions) | {"h0": normal(directions, 2, 4, seed=4)}
    agrees(recurrent("GRU", {"x": x}, held, direction=direction, linear_before_reset=before), {"x": x})


def test_the_two_forms_differ() -> None:
    x = normal(4, 2, 3)
    data = [lower(recurrent("GRU", {"x": x}, weights("GRU"), linear_before_reset=before)) for before in (0, 1)]
    steps = [next(node for node in model.graph if node.op_type == "WHILE").attributes["body"] for model in data]
    first, second = ([node.op_type for node in step.as_graph()] for step in steps)
    assert first != second
    assert sorted(first) == sorted(second)


@both_forms
@pytest.mark.parametrize("bias", [True, False])
def test_biases_of_the_two_forms(before: int, bias: bool) -> None:
    x = normal(4, 2, 3)
    agrees(recurrent("GRU", {"x": x}, weights("GRU", bias=bias), linear_before_reset=before), {"x": x})


@both_forms
@pytest.mark.parametrize("clip", [0.1, 0.5])
def test_clip(before: int, clip: float) -> None:
    x = normal(4, 2, 3)
    agrees(recurrent("GRU", {"x": x}, weights("GRU"), clip=clip, linear_before_reset=before), {"x": x})


@both_forms
def test_activations(before: int) -> None:
    x = normal(4, 2, 3)
    names = ["HardSigmoid", "Softsign"]
    agrees(recurrent("GRU", {"x": x}, weights("GRU"), activations=names, linear_before_reset=before), {"x": x})


@both_forms
def test_run_time_weights(before: int) -> None:
    given = {"x": normal(4, 2, 3), **weights("GRU")}
    agrees(recurrent("GRU", given, {}, linear_before_reset=before), given)


def test_a_long_sequence_does_not_drift() -> None:
    x = normal(200, 1, 16)
    held = weights("GRU", size=16, units=16)
    agrees(recurrent("GRU", {"x": x}, held, linear_before_reset=1), {"x": x}, atol=1e-5)


def test_units_as_many_as_steps_and_inputs() -> None:
    x = normal(4, 4, 4)
    held = weights("GRU", size=4) | {"lens": np.array([1, 2, 3, 4], np.int32)}
    agrees(recurrent("GRU", {"x": x}, held, linear_before_reset=1), {"x": x})

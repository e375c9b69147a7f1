import numpy as np
import pytest
from tests.exporter.tflite.ops.recurrent_support import agrees, recurrent, weights
from tests.exporter.tflite.ops.samples import normal, refusal

VALUES = {
    "Affine": (0.5, 0.25),
    "Elu": (0.75,),
    "HardSigmoid": (0.3, 0.4),
    "LeakyRelu": (0.2,),
    "Relu": (),
    "ScaledTanh": (0.8, 1.5),
    "Sigmoid": (),
    "Softplus": (),
    "Softsign": (),
    "Tanh": (),
    "ThresholdedRelu": (0.1,),
}


def rnn(name: str, **options):
    x = normal(4, 2, 3)
    return recurrent("RNN", {"x": x}, weights("RNN"), activations=[name], **options), {"x": x}


@pytest.mark.parametrize("name", VALUES)
def test_each_function(name: str) -> None:
    values = VALUES[name]
    given = dict(zip(("activation_alpha", "activation_beta"), ([value] for value in values), strict=False))
    agrees(*rnn(name, **given), atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(VALUES) - {"Affine", "ScaledTanh", "ThresholdedRelu"}))
def test_defaults(name: str) -> None:
    agrees(*rnn(name), atol=1e-5)


def test_directions_have_functions_of_their_own() -> None:
    x, names = normal(4, 2, 3), ["HardSigmoid", "LeakyRelu", "Sigmoid", "Softsign"]
    model = recurrent(
        "GRU",
        {"x": x},
        weights("GRU", directions=2),
        direction="bidirectional",
        activations=names,
        activation_alpha=[0.3, 0.1],
        activation_beta=[0.6],
    )
    agrees(model, {"x": x})


def test_what_is_refused_has_a_reason() -> None:
    assert "more values" in refusal(rnn("Tanh", activation_alpha=[0.1])[0])
    assert "needs its values" in refusal(rnn("Affine", activation_alpha=[0.1])[0])
    assert "needs its values" in refusal(rnn("ThresholdedRelu")[0])
    x = np.zeros((4, 2, 3), np.float32)
    model = recurrent("GRU", {"x": x}, weights("GRU"), activations=["Tanh"])
    assert "1 activations" in refusal(model)

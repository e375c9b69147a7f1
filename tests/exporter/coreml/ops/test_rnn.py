"""RNN: MIL's operator, and the loop."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.recurrent_support import agrees, counts, layer
from tests.exporter.tflite.ops.recurrent_support import weights
from tests.exporter.tflite.ops.samples import normal

BOTH = weights("RNN", directions=2) | {"h0": normal(2, 2, 4, seed=4)}


@pytest.mark.parametrize("target", ["iOS16", "iOS18"])
def test_directions_and_activations(target: str) -> None:
    cases = [layer("RNN"), layer("RNN", direction="reverse"), layer("RNN", BOTH, direction="bidirectional")]
    cases += [layer("RNN", activations=[name]) for name in ("Relu", "Sigmoid")]
    agrees(cases, target=target, float16=target == "iOS18")
    assert counts(cases[0], target=target)["rnn"] == 1


def test_the_loop() -> None:
    names = ["Elu", "LeakyRelu", "Softplus", "ThresholdedRelu", "Affine"]
    values = {"ThresholdedRelu": {"activation_alpha": [0.1]}, "Affine": {"activation_alpha": [0.5]}}
    values["Affine"] |= {"activation_beta": [0.25]}
    cases = [layer("RNN", activations=[name], **values.get(name, {})) for name in names]
    cases += [layer("RNN", clip=0.2), layer("RNN", weights("RNN") | {"lens": np.array([1, 3], np.int32)})]
    agrees(cases, float16=False)

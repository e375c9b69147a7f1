"""BatchNormalization."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

PARAMETERS = {"scale": grid(3) + 1, "bias": grid(3, seed=1), "mean": grid(3, seed=2), "var": np.abs(grid(3)) + 0.5}
SHAPES = [(4, 3), (2, 3, 5), (1, 3, 4, 2), (1, 3, 2, 2, 3)]


def test_constant_parameters() -> None:
    cases = {}
    for place, shape in enumerate(SHAPES):
        model = node_model("BatchNormalization", {"x": grid(*shape)}, constants=PARAMETERS, epsilon=1e-2)
        cases[f"c{place}"] = model, {"x": grid(*shape)}
    check_all(cases)
    check(*cases["c2"], expect=["batch_norm"])


def test_parameters_computed_at_run_time() -> None:
    fed = {"x": grid(1, 3, 4, 2), **PARAMETERS}
    check(node_model("BatchNormalization", fed), fed)


def test_training() -> None:
    fed = {"x": grid(2, 3, 4, 2)}
    model = node_model(
        "BatchNormalization", fed, constants=PARAMETERS, outputs=["y", "m", "v"], training_mode=1, momentum=0.7
    )
    check(model, fed, oracle="reference", rtol=1e-4, atol=1e-5)


def test_the_oldest_form() -> None:
    fed = {"x": grid(2, 3, 4, 2)}
    model = node_model("BatchNormalization", fed, constants=PARAMETERS, opset=6, is_test=1)
    got, _ = run(model, fed)
    s, o, m, v = (array[:, None, None] for array in PARAMETERS.values())
    np.testing.assert_allclose(got["y"], (fed["x"] - m) / np.sqrt(v + 1e-5) * s + o, rtol=1e-4, atol=1e-5)
    with pytest.raises(PortproofError, match="training"):
        run(node_model("BatchNormalization", fed, constants=PARAMETERS, opset=6, is_test=0), fed)

"""PRelu."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, run
from tests.exporter.tflite.harness import node_model

X = np.linspace(-4, 4, 48, dtype=np.float32).reshape(2, 3, 2, 4)


@pytest.mark.parametrize(
    ("shape", "expect"),
    [((), ["leaky_relu"]), ((1, 1, 1), ["leaky_relu"]), ((3, 1, 1), ["prelu"]), ((1, 3, 1, 1), ["prelu"])],
)
def test_slopes_that_mil_has(shape: tuple[int, ...], expect: list[str]) -> None:
    slope = np.linspace(0.1, 0.5, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    check(node_model("PRelu", {"x": X}, constants={"s": slope}), {"x": X}, expect=expect)


@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 3, 2, 4)])
def test_slopes_of_any_shape(shape: tuple[int, ...]) -> None:
    slope = np.linspace(-0.1, 0.5, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    check(node_model("PRelu", {"x": X}, constants={"s": slope}), {"x": X})


def test_slopes_of_channels_in_other_ranks() -> None:
    slope = np.array([[0.1], [0.2], [0.3]], np.float32)
    x = X.reshape(2, 3, 8)
    check(node_model("PRelu", {"x": x}, constants={"s": slope}), {"x": x})


def test_a_slope_computed_at_run_time() -> None:
    fed = {"x": X, "s": np.array([0.1, 0.2, 0.3], np.float32).reshape(3, 1, 1)}
    check(node_model("PRelu", fed), fed)


def test_slopes_of_channels_in_opset_6() -> None:
    slope = np.array([0.1, 0.2, 0.3], np.float32)
    got, _ = run(node_model("PRelu", {"x": X}, constants={"s": slope}, opset=6), {"x": X})
    np.testing.assert_allclose(got["y"], np.where(X < 0, X * slope[:, None, None], X), rtol=1e-6)


def test_integers() -> None:
    fed = {"x": np.array([-3, 0, 5], np.int32), "s": np.array([2, 2, 2], np.int32)}
    check(node_model("PRelu", fed), fed, oracle="reference", float16=False)

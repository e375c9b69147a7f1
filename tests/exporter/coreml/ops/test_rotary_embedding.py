"""RotaryEmbedding."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.movement_support import case, check_cases, refused
from tests.exporter.tflite.harness import model_of

ANGLES = np.random.default_rng(0).uniform(-3, 3, (8, 2)).astype(np.float32)
POSITIONS = np.random.default_rng(2).integers(0, 8, (2, 4))
TABLES = {"cos": np.cos(ANGLES), "sin": np.sin(ANGLES)}
ROWS = {"cos": np.cos(ANGLES).reshape(2, 4, 2), "sin": np.sin(ANGLES).reshape(2, 4, 2)}
X = np.random.default_rng(1).standard_normal((2, 3, 4, 4)).astype(np.float32)


@pytest.mark.parametrize("interleaved", [0, 1])
def test_caches_of_every_form(interleaved: int) -> None:
    inputs = {"x": X, "w": X.transpose(0, 2, 1, 3).reshape(2, 4, 12), "p": POSITIONS, **TABLES, "z": np.tile(X, 2)}
    options = {"interleaved": interleaved}
    cases = [
        case("RotaryEmbedding", "x cos sin p", **options),
        case("RotaryEmbedding", "x cos sin", constants=ROWS, **options),
        case("RotaryEmbedding", "w cos sin p", num_heads=3, constants=TABLES, **options),
        case("RotaryEmbedding", "z cos sin p", rotary_embedding_dim=4, **options),
    ]
    check_cases(cases, inputs, oracle="reference", rtol=1e-5, atol=1e-6)


def test_refusals() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (float[2,4,12] x, float[2,4,2] c, float[2,4,2] s) =>
    (float[2,4,12] y) { y = RotaryEmbedding (x, c, s) }"""
    refused(model_of(text), "0 heads", "num_heads")

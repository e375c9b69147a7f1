from typing import Any

import numpy as np
import pytest
from tests.exporter.tflite.harness import check, node_model, onnx_outputs, tflite_outputs
from tests.exporter.tflite.ops.numeric_support import refused

from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write

ANGLES = np.random.default_rng(0).uniform(-3, 3, (8, 2)).astype(np.float32)
CACHES = ("cos_cache", "sin_cache", "position_ids")


def model(shape: tuple[int, ...], *, angles: np.ndarray, positions: bool, constant: bool, **options: Any):
    x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    caches = {"cos_cache": np.cos(angles), "sin_cache": np.sin(angles)}
    if positions:
        length = shape[-2]
        caches["position_ids"] = np.random.default_rng(2).integers(0, len(angles), (shape[0], length))
    else:
        rows = np.arange(shape[0] * shape[-2]).reshape(shape[0], -1) % len(angles)
        caches = {name: cache[rows] for name, cache in caches.items()}
    fed = {"x": x} | ({} if constant else caches)
    fixed = caches if constant else {}
    return node_model("RotaryEmbedding", fed, constants=fixed, order=["x", *caches], **options), fed


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (4, 4, 4, 4), (2, 4, 12)])
@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("positions", [False, True])
@pytest.mark.parametrize("constant", [False, True])
def test_whole_heads(shape: tuple[int, ...], interleaved: int, positions: bool, constant: bool) -> None:
    heads = 3 if len(shape) == 3 else None
    made, fed = model(
        shape, angles=ANGLES, positions=positions, constant=constant, interleaved=interleaved, num_heads=heads
    )
    check(made, fed, oracle="reference")
    want = onnx_outputs(made, fed, oracle="reference")["y"]
    np.testing.assert_allclose(tflite_outputs(write(lower(made)), fed, reference=True)["y"], want, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3, 4, 6), (2, 4, 18)])
@pytest.mark.parametrize("interleaved", [0, 1])
def test_a_part_of_each_head(shape: tuple[int, ...], interleaved: int) -> None:
    options = {"interleaved": interleaved, "rotary_embedding_dim": 4, "num_heads": 3 if len(shape) == 3 else None}
    made, fed = model(shape, angles=ANGLES, positions=True, constant=True, **options)
    check(made, fed, oracle="reference")


def test_half_floats() -> None:
    made, fed = model((1, 2, 4, 4), angles=ANGLES.astype(np.float16), positions=True, constant=True)
    fed = {"x": fed["x"].astype(np.float16)}
    caches = {name: made.graph.initializers[name].const_value.numpy() for name in CACHES}
    made = node_model("RotaryEmbedding", fed, constants=caches, order=["x", *caches])
    got = tflite_outputs(write(lower(made)), fed)["y"]
    want = onnx_outputs(made, fed, oracle="reference")["y"]
    assert got.dtype == np.float16
    np.testing.assert_allclose(got.astype(np.float32), want.astype(np.float32), atol=4e-3)


def test_constant_caches_cost_two_products_and_a_sum() -> None:
    made, fed = model((1, 2, 4, 4), angles=ANGLES, positions=True, constant=True)
    expect = ["ADD", "CONCATENATION", "MUL", "MUL", "RESHAPE", "RESHAPE", "SPLIT"]
    check(made, fed, oracle="reference", expect=expect)


def test_refusals() -> None:
    made, fed = model((2, 4, 12), angles=ANGLES, positions=True, constant=True, num_heads=5)
    refused((made, fed), "heads")

import numpy as np
import pytest
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.tfl import graph_input, model_of, op_names

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, unary
from portproof.exporter.tflite.make.movement import pad
from portproof.exporter.tflite.passes.pipeline import after_layout
from portproof.exporter.tflite.writer.model import write

X = np.random.default_rng(0).standard_normal((1, 4, 4, 2)).astype(np.float32)
LOWEST = float(np.finfo(np.float32).min)


def pooled(front):
    """MAX_POOL_2D over `front(x)` padded with the lowest number."""
    b = Builder(23)
    x = graph_input("x", (1, 4, 4, 2))
    padded = pad(b, front(b, x), [(0, 0), (1, 1), (1, 1), (0, 0)], LOWEST)
    options = {"padding": "VALID", "stride_w": 2, "stride_h": 2, "filter_width": 3, "filter_height": 3}
    y = b.emit("MAX_POOL_2D", [padded], shape=(1, 2, 2, 2), dtype=np.float32, **options)
    return model_of(b, [x], {"y": y})


def outputs(model):
    return tflite_outputs(write(model), {"x": X})["y"]


@pytest.mark.parametrize(
    "front",
    [
        lambda b, x: unary(b, "RELU", x),
        lambda b, x: unary(b, "RELU6", binary(b, "ADD", x, 1.0)),
        lambda b, x: unary(b, "LOGISTIC", x),
    ],
)
def test_zero_will_do(front) -> None:
    model = pooled(front)
    before = outputs(model)
    after_layout(model)
    np.testing.assert_array_equal(outputs(model), before)
    assert "PAD" in op_names(model)
    assert "PADV2" not in op_names(model)


@pytest.mark.parametrize("front", [lambda b, x: x, lambda b, x: unary(b, "TANH", x), lambda b, x: unary(b, "NEG", x)])
def test_what_may_be_negative_keeps_its_padding(front) -> None:
    model = pooled(front)
    after_layout(model)
    assert "PADV2" in op_names(model)

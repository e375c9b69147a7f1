"""Scales that are too far apart leave an operator in float32: XNNPACK would refuse the file."""

import pytest
from tests.exporter.tflite.integer.qdq import check, partitions, quantized, reference, run, sample, steps_apart

from portproof.exporter.tflite.conversion import convert_model

X = {"x": sample((1, 3, 6, 6))}
T = "float[1,3,6,6]"


@pytest.mark.parametrize(
    ("form", "scale"),
    [
        ("Add(x, x)", 1e-5),
        ("Sub(x, x)", 100.0),
        ("Mul(x, x)", 1e-7),
        ("LeakyRelu<alpha=0.2>(x)", 1e-5),
        ("Relu(x)", 1e-5),
    ],
)
def test_elementwise(form: str, scale: float) -> None:
    model = quantized(f"({T} x) => ({T} y) {{ y = {form} }}", X, fixed={"y": (scale, 0)})
    (island,) = convert_model(model.model).islands
    assert island.why == "its scales are too far apart for its kernel"
    check(model, {"QUANTIZE": "int8"}, one_partition=True)


@pytest.mark.parametrize(("size", "kept"), [(1.0, True), (1e6, False)])
def test_layers(size: float, kept: bool) -> None:
    model = quantized(
        f"({T} x) => (float[1,4,6,6] y) {{ y = Conv(x, w, b) }}",
        X,
        weights={"w": (sample((4, 3, 1, 1), 1, size), 0)},
        biases={"b": (sample((4,), 2), "x", "w")},
        fixed={"y": (1e-3, 0)},
    )
    check(model, {"CONV_2D": "int8" if kept else "float32"}, one_partition=True)


def test_a_maximum_with_a_clamp_of_its_own() -> None:
    text = f"({T} x) => (float[1,3,4,4] y) {{ t = MaxPool<kernel_shape=[3,3]>(x) y = Relu(t) }}"
    model = quantized(text, X, skip=["t"], same=[["x", "y"]])
    converted = convert_model(model.model)
    assert converted.integer_kernels == {"MAX_POOL_2D": 1}
    apart = steps_apart(model, run(converted, X), reference(model.model, X))["y"]  # ORT's optimiser fails on it
    assert apart.max() == 0
    assert partitions(converted.data) == (1, 0)

"""Convolutions and matrix products: int8 weights with a scale for each channel, int32 biases."""

from dataclasses import replace

import numpy as np
import pytest
from tests.exporter.tflite.integer.qdq import (
    Quantized,
    check,
    partitions,
    quantized,
    reference,
    run,
    sample,
    steps_apart,
)

from portproof.exporter.tflite.conversion import convert_model, lower_function, write_functions
from portproof.exporter.tflite.integer.record import quantization_of, set_quantization
from portproof.runtimes.tflite_schema import schema


def _conv(shape: tuple[int, ...], kernel: tuple[int, ...], options: str = "", op: str = "Conv", **more) -> Quantized:
    sizes = ",".join(map(str, shape))
    out = "float[n,o,h,v]" if len(shape) == 4 else "float[n,o,v]"
    axis = 0 if op == "Conv" else 1
    return quantized(
        f"(float[{sizes}] x) => ({out} y) {{ y = {op}{options}(x, w, b) }}",
        {"x": sample(shape)},
        weights={"w": (sample(kernel, 1), axis)},
        biases={"b": (sample((kernel[axis] * (2 if "group=2" in options and axis else 1),), 2), "x", "w")},
        **more,
    )


@pytest.mark.parametrize("shape", [(1, 3, 9, 7), (2, 4, 4, 4)])
@pytest.mark.parametrize("options", ["", "<pads=[1,1,1,1], strides=[2,2]>", "<dilations=[2,2]>", "<pads=[1,0,0,2]>"])
def test_convolution(shape: tuple[int, ...], options: str) -> None:
    check(_conv(shape, (5, shape[1], 2, 2), options), {"CONV_2D": "int8", "QUANTIZE": "int8"}, one_partition=True)


@pytest.mark.parametrize(("outputs", "kernel"), [(4, 3), (8, 3), (4, 5)])
def test_one_filter_for_each_channel(outputs: int, kernel: int) -> None:
    model = _conv((1, 4, 6, 6), (outputs, 1, kernel, kernel), f"<group=4, pads=[{','.join(4 * [str(kernel // 2)])}]>")
    check(model, {"DEPTHWISE_CONV_2D": "int8"}, one_partition=True)


def test_groups_and_one_axis() -> None:
    check(_conv((1, 4, 6, 5), (8, 2, 3, 3), "<group=2>"), {"CONV_2D": "int8"}, one_partition=True)
    check(_conv((1, 4, 9), (8, 4, 3)), {"CONV_2D": "int8"}, one_partition=True)


@pytest.mark.parametrize("options", ["<strides=[2,2]>", "<strides=[2,2], pads=[1,1,1,1], output_padding=[1,1]>"])
def test_transposed_convolution(options: str) -> None:
    model = _conv((1, 4, 4, 4), (4, 3, 3, 3), options, op="ConvTranspose")
    check(model, {"TRANSPOSE_CONV": "int8"}, one_partition=True)


@pytest.mark.parametrize("clamp", ["Relu(t)", "Clip(t, low, high)"])
def test_an_activation_behind_it_is_the_kernels_own(clamp: str) -> None:
    model = quantized(
        f"(float[1,4,6,5] x) => (float[1,8,4,3] y) {{ t = Conv(x, w, b) y = {clamp} }}",
        {"x": sample((1, 4, 6, 5))},
        weights={"w": (sample((8, 4, 3, 3), 1), 0)},
        biases={"b": (sample((8,), 2), "x", "w")},
        constants={"low": np.float32(0), "high": np.float32(6)},
        skip=["t"],
    )
    converted = check(model, {"CONV_2D": "int8"}, one_partition=True)
    assert converted.op_counts == {"CONV_2D": 1, "DEQUANTIZE": 1, "QUANTIZE": 1, "TRANSPOSE": 2}


def test_matrix_products() -> None:
    weights, bias = sample((5, 7), 1), sample((5,), 2)
    model = quantized(
        "(float[3,7] x) => (float[3,5] y) { y = Gemm<transB=1>(x, w, b) }",
        {"x": sample((3, 7))},
        weights={"w": (weights, 0)},
        biases={"b": (bias, "x", "w")},
    )
    check(model, {"FULLY_CONNECTED": "int8"}, one_partition=True)
    model = quantized(
        "(float[2,3,7] x) => (float[2,3,5] y) { y = MatMul(x, w) }",
        {"x": sample((2, 3, 7))},
        weights={"w": (weights.T.copy(), 1)},
    )
    check(model, {"FULLY_CONNECTED": "int8"}, one_partition=True)


def test_a_factor_of_the_product_goes_into_the_scales() -> None:
    model = quantized(
        "(float[3,7] x) => (float[3,5] y) { y = Gemm<transB=1, alpha=0.3>(x, w, b) }",
        {"x": sample((3, 7))},
        weights={"w": (sample((5, 7), 1), 0)},
        biases={"b": (sample((5,), 2), "x", "w")},
    )
    check(model, {"FULLY_CONNECTED": "int8"}, one_partition=True)


def test_a_bias_added_behind_the_product() -> None:
    model = quantized(
        "(float[2,3,7] x) => (float[2,3,5] y) { t = MatMul(x, w) y = Add(t, b) }",
        {"x": sample((2, 3, 7))},
        weights={"w": (sample((7, 5), 1), 1)},
        biases={"b": (sample((5,), 2), "x", "w")},
        skip=["t"],
    )
    converted = convert_model(model.model)
    assert converted.op_counts == {"DEQUANTIZE": 1, "FULLY_CONNECTED": 1, "QUANTIZE": 1}
    apart = steps_apart(model, run(converted, model.inputs), reference(model.model, model.inputs))
    assert apart["y"].max() <= 1.01


def test_a_flattening_between_convolution_and_product() -> None:
    model = quantized(
        """(float[2,4,4,4] x) => (float[2,3] y) { t = Conv<pads=[1,1,1,1]>(x, w, b) f = Flatten(t)
        y = Gemm<transB=1>(f, v, c) }""",
        {"x": sample((2, 4, 4, 4))},
        weights={"w": (sample((4, 4, 3, 3), 1), 0), "v": (sample((3, 64), 3), 0)},
        biases={"b": (sample((4,), 2), "x", "w"), "c": (sample((3,), 4), "f", "v")},
        same=[["t", "f"]],
    )
    converted = check(model, {"CONV_2D": "int8", "FULLY_CONNECTED": "int8"}, io_layout="auto", one_partition=True)
    assert "TRANSPOSE" not in converted.op_counts


def test_the_file_says_what_the_integers_stand_for() -> None:
    model = _conv((1, 3, 6, 6), (4, 3, 3, 3))
    data = bytes(convert_model(model.model).data)
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data)).subgraphs[0]
    (conv,) = [op for op in graph.operators if len(op.inputs) == 3]
    x, w, b = (graph.tensors[index] for index in conv.inputs)
    y = graph.tensors[conv.outputs[0]]
    assert x.quantization.scale == pytest.approx([model.scales["x"][0]])
    assert y.quantization.zeroPoint.tolist() == [model.scales["y"][1]]
    assert (len(w.quantization.scale), w.quantization.quantizedDimension) == (4, 0)
    assert b.quantization.scale == pytest.approx(w.quantization.scale * x.quantization.scale[0], rel=1e-6)
    kinds = [tensor.type for tensor in (x, w, b, y)]
    names = schema.TensorType
    assert kinds == [names.INT8, names.INT8, names.INT32, names.INT8]


def test_a_wrong_scale_in_the_file_is_seen() -> None:
    model = _conv((1, 3, 6, 6), (4, 3, 3, 3))
    function = lower_function(model.model, io_layout="keep")
    want = reference(model.model, model.inputs)
    for factor, right in ((1.0, True), (1.1, False)):
        (conv,) = [node for node in function.model.graph if node.op_type == "CONV_2D"]
        weights = conv.inputs[1]
        found = quantization_of(weights)
        assert weights is not None
        assert found is not None
        set_quantization(weights, replace(found, scales=tuple(factor * scale for scale in found.scales)))
        apart = steps_apart(model, run(write_functions({"serving_default": function}), model.inputs), want)
        assert bool((apart["y"] <= 1.01).mean() > 0.999) is right


def test_products_of_two_computed_matrices_stay_float_for_xnnpack() -> None:
    model = quantized(
        "(float[2,3,7] x, float[2,7,5] z) => (float[2,3,5] y) { y = MatMul(x, z) }",
        {"x": sample((2, 3, 7)), "z": sample((2, 7, 5), 1)},
    )
    converted = check(model, {"BATCH_MATMUL": "float32"})
    assert partitions(converted.data) == (1, 0)

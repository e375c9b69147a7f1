"""The rules of litert-xnnpack against the LiteRT installed: what its delegate takes, in int8 and in float32."""

from typing import Any

import numpy as np
import pytest
from tests.device_profiles.one_op import Tensor, delegated, indices, options, quantized, real

from portproof.device_profiles.integer_kernels import load
from portproof.device_profiles.integer_limits import Site

IMAGE = (1, 8, 8, 16)
PADS = Tensor(shape=(4, 2), dtype="int32", data=[[0, 0], [1, 1], [1, 1], [0, 0]])
AXIS = Tensor(shape=(), dtype="int32", data=3)
SAME = {"padding": 0, "strideW": 1, "strideH": 1}
POOL = {"padding": 1, "strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2}

# ONNX operator, TFLite operator, shapes of activations, further inputs, shapes of outputs, options.
Case = tuple[str, str, list[tuple[int, ...]], list[Tensor], list[tuple[int, ...]], Any]
CASES: list[Case] = [
    *((["Add", "Sub", "Mul", "Div", "Max", "Min"][place], op, [IMAGE, IMAGE], [], [IMAGE], None)
      for place, op in enumerate(["ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM"])),
    ("LeakyRelu", "LEAKY_RELU", [IMAGE], [], [IMAGE], options("LeakyRelu", alpha=0.1)),
    ("Elu", "ELU", [IMAGE], [], [IMAGE], None),
    ("Sigmoid", "LOGISTIC", [IMAGE], [], [IMAGE], None),
    ("Tanh", "TANH", [IMAGE], [], [IMAGE], None),
    ("HardSwish", "HARD_SWISH", [IMAGE], [], [IMAGE], None),
    ("Gelu", "GELU", [IMAGE], [], [IMAGE], options("Gelu")),
    ("Softmax", "SOFTMAX", [IMAGE], [], [IMAGE], options("Softmax", beta=1.0)),
    ("AveragePool", "AVERAGE_POOL_2D", [IMAGE], [], [(1, 4, 4, 16)], options("Pool2D", **POOL)),
    ("MaxPool", "MAX_POOL_2D", [IMAGE], [], [(1, 4, 4, 16)], options("Pool2D", **POOL)),
    ("GlobalAveragePool", "MEAN", [IMAGE], [indices(1, 2)], [(1, 1, 1, 16)], options("Reducer", keepDims=True)),
    ("GlobalMaxPool", "REDUCE_MAX", [IMAGE], [indices(1, 2)], [(1, 1, 1, 16)], options("Reducer", keepDims=True)),
    ("ReduceMean", "MEAN", [IMAGE], [indices(3)], [(1, 8, 8, 1)], options("Reducer", keepDims=True)),
    ("ReduceSum", "SUM", [IMAGE], [indices(3)], [(1, 8, 8, 1)], options("Reducer", keepDims=True)),
    ("ReduceMin", "REDUCE_MIN", [IMAGE], [indices(1)], [(1, 1, 8, 16)], options("Reducer", keepDims=True)),
    ("Concat", "CONCATENATION", [IMAGE] * 5, [], [(1, 8, 8, 80)], options("Concatenation", axis=3)),
    ("Slice", "SLICE", [IMAGE], [indices(0, 1, 1, 0), indices(1, 4, 4, 16)], [(1, 4, 4, 16)], None),
    ("Transpose", "TRANSPOSE", [IMAGE], [indices(0, 3, 1, 2)], [(1, 16, 8, 8)], None),
    ("Reshape", "RESHAPE", [IMAGE], [indices(1, 64, 16)], [(1, 64, 16)], None),
    ("Pad", "PAD", [IMAGE], [PADS], [(1, 10, 10, 16)], None),
    ("DepthToSpace", "DEPTH_TO_SPACE", [IMAGE], [], [(1, 16, 16, 4)], options("DepthToSpace", blockSize=2)),
    ("SpaceToDepth", "SPACE_TO_DEPTH", [IMAGE], [], [(1, 4, 4, 64)], options("SpaceToDepth", blockSize=2)),
    ("Resize", "RESIZE_BILINEAR", [IMAGE], [indices(16, 16)], [(1, 16, 16, 16)], options("ResizeBilinear")),
    ("Relu", "QUANTIZE", [IMAGE], [], [IMAGE], None),
    ("Gather", "GATHER", [IMAGE], [indices(0, 2)], [(1, 2, 8, 16)], options("Gather", axis=1)),
    ("Tile", "TILE", [IMAGE], [indices(2, 1, 1, 1)], [(2, 8, 8, 16)], None),
]  # fmt: skip


def taken(case: Case, dtype: str) -> bool:
    _, op, activations, others, outputs, chosen = case
    make = quantized if dtype == "int8" else real
    made = [make(*shape) for shape in outputs]
    if dtype == "int8" and op == "SOFTMAX":  # its kernel prescribes it
        made = [quantized(*shape, scale=1 / 256, zero_point=-128) for shape in outputs]
    return delegated(op, [*(make(*shape) for shape in activations), *others], made, chosen)


def ids(case: Case) -> str:
    return f"{case[0]}-{case[1]}"


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_operators_that_the_delegate_takes_in_int8_are_those_of_the_rules(case: Case) -> None:
    kernel = load().kernel(case[0])
    assert taken(case, "int8") == (kernel is not None and kernel.in_partition)


@pytest.mark.parametrize("case", [case for case in CASES if case[1] != "QUANTIZE"], ids=ids)
def test_operators_that_it_takes_in_float_are_those_of_the_rules(case: Case) -> None:
    float_here = load().float_in_partition(case[0]) or case[0] == "Resize"
    assert taken(case, "float32") == float_here


def layer(op: str, dynamic: bool, *, scale: float = 0.01) -> bool:
    """Whether a layer with int8 weights is taken, static or with dynamically quantized activations."""
    make = real if dynamic else quantized
    shape, axis, name, attributes = {
        "CONV_2D": ((32, 3, 3, 16), 0, "Conv2D", SAME),
        "DEPTHWISE_CONV_2D": ((1, 3, 3, 16), 3, "DepthwiseConv2D", SAME | {"depthMultiplier": 1}),
        "FULLY_CONNECTED": ((32, 16), 0, "FullyConnected", {"keepNumDims": True}),
        "TRANSPOSE_CONV": ((32, 3, 3, 16), 0, "TransposeConv", SAME),
    }[op]
    channels = shape[axis]
    weight = Tensor(shape=shape, scale=[scale] * channels, axis=axis, data=np.ones(shape))
    kind: dict[str, Any] = {"dtype": "float32"} if dynamic else {"dtype": "int32", "scale": [0.05 * scale] * channels}
    bias = Tensor(shape=(channels,), data=np.ones(channels), **kind)
    inputs = [make(*IMAGE), weight, bias]
    if op == "TRANSPOSE_CONV":
        inputs = [indices(1, 8, 8, channels), weight, make(*IMAGE), bias]
    return delegated(op, inputs, [make(*IMAGE[:3], channels)], options(name, **attributes))


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize(
    ("op", "site"),
    [
        ("CONV_2D", Site(op="Conv", inputs=((1, 16, 8, 8), (32, 16, 3, 3)), constants=frozenset({1}))),
        (
            "DEPTHWISE_CONV_2D",
            Site(
                op="Conv",
                inputs=((1, 16, 8, 8), (16, 1, 3, 3)),
                constants=frozenset({1}),
                attributes={"group": 16},
            ),
        ),
        ("FULLY_CONNECTED", Site(op="MatMul", constants=frozenset({1}))),
        ("TRANSPOSE_CONV", Site(op="ConvTranspose", constants=frozenset({1}))),
    ],
)
def test_layers_that_it_takes(op: str, site: Site, dynamic: bool) -> None:
    assert layer(op, dynamic) == (load().refusal(site, None if dynamic else "int8") == "")


def test_products_of_two_activations_are_float() -> None:
    shapes = [(2, 8, 16), (2, 16, 8)]
    assert not delegated("BATCH_MATMUL", [quantized(*s) for s in shapes], [quantized(2, 8, 8)], options("BatchMatMul"))
    assert delegated("BATCH_MATMUL", [real(*s) for s in shapes], [real(2, 8, 8)], options("BatchMatMul"))
    assert "no constant" in load().refusal(Site(op="MatMul"))


@pytest.mark.parametrize(
    ("op", "onnx", "ratio"),
    [("ADD", "Add", 2.0**-11), ("ADD", "Add", 2.0**-10), ("ADD", "Add", 2.0**7), ("ADD", "Add", 2.0**8),
     ("MUL", "Mul", 2.0**-17), ("MUL", "Mul", 2.0**-16), ("MUL", "Mul", 2.0**8)],
)  # fmt: skip
def test_ratios_of_scales_that_it_takes(op: str, onnx: str, ratio: float) -> None:
    second = 1.0 if op == "MUL" else ratio
    inputs = [quantized(*IMAGE, scale=ratio), quantized(*IMAGE, scale=second)]
    site = Site(op=onnx, scales={0: ratio, 1: second}, output_scale=1.0)
    assert delegated(op, inputs, [quantized(*IMAGE, scale=1.0)]) == (load().refusal(site) == "")


def test_a_convolution_beyond_its_ratio_does_not_even_load() -> None:
    site = Site(op="Conv", constants=frozenset({1}), scales={0: 0.05, 1: 600.0}, output_scale=0.05)
    assert "scale ratio" in load().refusal(site)
    with pytest.raises(RuntimeError):
        layer("CONV_2D", False, scale=600.0)


@pytest.mark.parametrize(("alpha", "fits"), [(0.1, True), (0.001, False), (-0.5, True), (200.0, False)])
def test_slopes_that_it_takes(alpha: float, fits: bool) -> None:
    site = Site(op="LeakyRelu", attributes={"alpha": alpha}, scales={0: 0.05}, output_scale=0.05)
    assert (load().refusal(site) == "") == fits
    image = quantized(*IMAGE)
    assert delegated("LEAKY_RELU", [image], [image], options("LeakyRelu", alpha=alpha)) == fits

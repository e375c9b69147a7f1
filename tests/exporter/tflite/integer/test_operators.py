"""Each operator with a pair on every side: the kernel it becomes, and ONNX Runtime's numbers."""

import numpy as np
import pytest
from tests.exporter.tflite.integer.qdq import check, quantized, sample

T = "float[1,4,6,5]"
SHAPE = (1, 4, 6, 5)
X = {"x": sample(SHAPE)}
TWO = {"x": sample(SHAPE), "z": np.abs(sample(SHAPE, 1, 2)) + 0.5}

UNARY = {
    "Relu(x)": ("ADD", {}),
    "Clip(x, low, high)": ("ADD", {}),
    "LeakyRelu<alpha=0.2>(x)": ("LEAKY_RELU", {}),
    "Elu(x)": ("ELU", {}),
    "Sigmoid(x)": ("LOGISTIC", {"y": (1 / 256, -128)}),
    "Tanh(x)": ("TANH", {"y": (1 / 128, 0)}),
    "LogSoftmax<axis=-1>(x)": ("LOG_SOFTMAX", {"y": (16 / 256, 127)}),
    "Mul(x, half)": ("MUL", {}),
}


@pytest.mark.parametrize("form", UNARY)
def test_functions_of_one_tensor(form: str) -> None:
    op, fixed = UNARY[form]
    constants = {"low": np.float32(0), "high": np.float32(6), "half": np.float32(0.5)}
    used = {name: array for name, array in constants.items() if name in form}
    model = quantized(f"({T} x) => ({T} y) {{ y = {form} }}", X, constants=used, fixed=fixed)
    check(model, {op: "int8"}, one_partition=op != "LOG_SOFTMAX")


@pytest.mark.parametrize("form", ["HardSwish(x)", "Gelu(x)", "Softmax<axis=-1>(x)", "Abs(x)", "Exp(x)", "PRelu(x, a)"])
def test_what_xnnpack_has_in_float_only_is_an_island_in_its_partition(form: str) -> None:
    weights = {"a": (sample((4, 1, 1), 3), None)} if "a)" in form else {}
    model = quantized(f"({T} x) => ({T} y) {{ y = {form} }}", X, weights=weights)
    op = {"HardSwish": "HARD_SWISH", "PRelu": "PRELU"}.get(form.partition("(")[0], form.partition("(")[0].upper())
    check(model, {op.partition("<")[0]: "float32", "QUANTIZE": "int8"}, one_partition=True)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul"])
def test_arithmetic(op: str) -> None:
    check(quantized(f"({T} x, {T} z) => ({T} y) {{ y = {op}(x, z) }}", TWO), {op.upper(): "int8"}, one_partition=True)
    row = {"k": (sample((1, 4, 1, 1), 3), None)}
    model = quantized(f"({T} x) => ({T} y) {{ y = {op}(x, k) }}", X, weights=row)
    check(model, {op.upper(): "int8"}, one_partition=True, io_layout="auto")


def test_an_activation_behind_a_sum_is_its_own() -> None:
    text = f"({T} x, {T} z) => ({T} y) {{ t = Add(x, z) y = Relu(t) }}"
    converted = check(quantized(text, TWO, skip=["t"]), {"ADD": "int8"}, one_partition=True)
    assert converted.op_counts == {"ADD": 1, "DEQUANTIZE": 1, "QUANTIZE": 2}


MOVES = {
    "Reshape(x, s)": ("4,30", "RESHAPE", {"s": np.array([4, 30])}),
    "Transpose<perm=[3,2,1,0]>(x)": ("5,6,4,1", "TRANSPOSE", {}),
    "Pad(x, p)": ("1,4,8,7", "PAD", {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])}),
    "Slice(x, s, e, a)": ("1,4,2,5", "SLICE", {"s": np.array([1]), "e": np.array([3]), "a": np.array([2])}),
    "Slice(x, s, e, a, t)": (
        "1,4,3,5",
        "STRIDED_SLICE",
        {"s": np.array([0]), "e": np.array([6]), "a": np.array([2]), "t": np.array([2])},
    ),
    "Gather<axis=1>(x, i)": ("1,3,6,5", "GATHER", {"i": np.array([3, 0, 2])}),
    "DepthToSpace<blocksize=2>(x)": ("1,1,12,10", "DEPTH_TO_SPACE", {}),
    "Tile(x, r)": ("1,4,12,5", "TILE", {"r": np.array([1, 1, 2, 1])}),
    "MaxPool<kernel_shape=[3,3], pads=[1,1,1,1]>(x)": ("1,4,6,5", "MAX_POOL_2D", {}),
    'Resize<mode="linear">(x, , f)': ("1,4,12,10", "RESIZE_BILINEAR", {"f": np.array([1, 1, 2, 2], np.float32)}),
    "ReduceMax<keepdims=1>(x, a)": ("1,4,6,1", "REDUCE_MAX", {"a": np.array([-1])}),
    "GlobalMaxPool(x)": ("1,4,1,1", "REDUCE_MAX", {}),
    "Concat<axis=1>(x, x, x)": ("1,12,6,5", "CONCATENATION", {}),
}
BUILT_IN = frozenset({"STRIDED_SLICE", "GATHER", "TILE"})
"""XNNPACK has them in no type."""


@pytest.mark.parametrize("form", MOVES)
def test_what_moves_data_moves_integers(form: str) -> None:
    shape, op, constants = MOVES[form]
    model = quantized(f"({T} x) => (float[{shape}] y) {{ y = {form} }}", X, constants=constants, same=[["x", "y"]])
    check(model, {op: "int8", "DEQUANTIZE": "float32"}, one_partition=op not in BUILT_IN)


def test_space_to_depth_and_split() -> None:
    text = "(float[1,4,6,8] x) => (float[1,16,3,4] y) { y = SpaceToDepth<blocksize=2>(x) }"
    check(quantized(text, {"x": sample((1, 4, 6, 8))}, same=[["x", "y"]]), {"SPACE_TO_DEPTH": "int8"})
    text = f"({T} x) => (float[1,2,6,5] y, float[1,2,6,5] v) {{ y, v = Split<axis=1, num_outputs=2>(x) }}"
    check(quantized(text, X, same=[["x", "y", "v"]]), {"SPLIT": "int8"}, one_partition=True)


def test_a_concatenation_of_other_scales_is_requantized() -> None:
    model = quantized(f"({T} x, {T} z) => (float[1,8,6,5] y) {{ y = Concat<axis=1>(x, z) }}", TWO)
    converted = check(model, {"CONCATENATION": "int8"}, one_partition=True)
    assert converted.op_counts["QUANTIZE"] == 4 - (model.scales["z"] == model.scales["y"])


@pytest.mark.parametrize("axes", [[2, 3], [-1], [1, 2, 3]])
def test_means_and_sums(axes: list[int]) -> None:
    shape = ",".join(str(1 if axis in {a % 4 for a in axes} else size) for axis, size in enumerate(SHAPE))
    for op, kernel in (("ReduceMean", "MEAN"), ("ReduceSum", "SUM")):
        text = f"({T} x) => (float[{shape}] y) {{ y = {op}<keepdims=1>(x, a) }}"
        check(quantized(text, X, constants={"a": np.array(axes)}), {kernel: "int8"}, io_layout="auto")


def test_a_fixed_scale_that_is_too_coarse_leaves_it_in_float() -> None:
    fine = quantized(f"({T} x) => ({T} y) {{ y = Sigmoid(x) }}", X, fixed={"y": (1 / 512, -128)})
    check(fine, {"LOGISTIC": "float32"}, one_partition=True)
    coarse = quantized(f"({T} x) => ({T} y) {{ y = Sigmoid(x) }}", X, fixed={"y": (1 / 128, -128)})
    assert check(coarse, {"LOGISTIC": "int8", "QUANTIZE": "int8"}).op_counts["QUANTIZE"] == 2


def test_uint8_pairs_are_computed_as_int8() -> None:
    check(quantized(f"({T} x, {T} z) => ({T} y) {{ y = Add(x, z) }}", TWO, dtype="uint8"), {"ADD": "int8"})


def test_an_operator_without_a_pair_behind_it_stays_float() -> None:
    model = quantized(f"({T} x, {T} z) => ({T} y) {{ t = Mul(x, z) y = Add(t, z) }}", TWO, skip=["t"])
    check(model, {"MUL": "float32", "ADD": "float32"}, one_partition=True)

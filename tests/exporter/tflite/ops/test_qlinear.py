import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import few, nodes, refused, verify

EXACT = {"rtol": 0, "atol": 0}
TYPES = st.sampled_from(["uint8", "int8"])
STEP, ONE = np.array(3, np.float32), np.array(1, np.uint8)


def whole(shape: tuple[int, ...], dtype: str = "uint8", seed: int = 0) -> np.ndarray:
    """All values of the type, the ends often: sums grow as large as they can."""
    ends = np.iinfo(dtype)
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < 0.5, ends.max, rng.integers(ends.min, ends.max + 1, shape)).astype(dtype)


@few
@given(TYPES, TYPES, st.sampled_from([1, 30, 600]), st.sampled_from([(), (1,), (1, 2, 3)]))
def test_matmul_integer(left: str, right: str, depth: int, constant: tuple[int, ...]) -> None:
    arrays = whole((2, 3, depth), left), whole((depth, 4), right, 1), np.array(3, left), np.array([5], right)
    verify("MatMulInteger", *arrays, constant=constant, **EXACT)


def test_matmul_integer_without_zero_points_and_with_batches_of_weights() -> None:
    verify("MatMulInteger", whole((2, 3, 300)), whole((2, 300, 4)), **EXACT)
    verify("MatMulInteger", whole((2, 3, 300)), whole((2, 300, 4)), constant=(1,), **EXACT)


def test_a_zero_point_for_each_column() -> None:
    zeros = np.array([0, 1, 200, 255], np.uint8)
    verify("MatMulInteger", whole((3, 300)), whole((300, 4)), ONE, zeros, constant=(1, 2, 3), **EXACT)


@few
@given(TYPES, st.sampled_from([1, 2, 4]), st.sampled_from([4, 40]), st.booleans())
def test_conv_integer(dtype: str, group: int, channels: int, fixed: bool) -> None:
    arrays = whole((1, channels, 4, 4), dtype), whole((4, channels // group, 3, 3), dtype, 1)
    options = {"pads": [1, 0, 1, 1], "strides": [2, 1], "group": group}
    verify("ConvInteger", *arrays, np.array(7, dtype), constant=(1, 2) if fixed else (), **options, **EXACT)


def test_conv_integer_with_a_zero_point_of_the_weights() -> None:
    verify("ConvInteger", whole((1, 40, 4, 4)), whole((2, 40, 3, 3)), ONE, ONE, constant=(1, 2, 3), **EXACT)


def test_a_kernel_too_large_to_be_exact_is_refused() -> None:
    refused(nodes("ConvInteger", whole((1, 1, 20, 20)), whole((1, 1, 20, 20)), constant=(1,)), "large")


@few
@given(TYPES, st.booleans(), st.booleans(), st.sampled_from([2, 40]))
def test_qlinear_conv(dtype: str, biased: bool, per_channel: bool, channels: int) -> None:
    rng = np.random.default_rng(3)
    scales = np.asarray(rng.random(4 if per_channel else ()) / 10 + 0.01, np.float32)
    weights = rng.integers(-128, 128, (4, channels, 3, 3)).astype(np.int8)
    arrays = [whole((1, channels, 5, 5), dtype), np.array(0.03, np.float32), np.array(7, dtype), weights, scales]
    arrays += [np.zeros(scales.shape, np.int8), STEP, np.array(9, dtype)]
    arrays += [rng.integers(-9999, 9999, 4).astype(np.int32)] if biased else []
    verify("QLinearConv", *arrays, constant=range(1, len(arrays)), pads=[1, 1, 1, 1], **EXACT)


@few
@given(TYPES, st.booleans(), st.sampled_from([(), tuple(range(1, 8))]))
def test_qlinear_matmul(dtype: str, per_column: bool, constant: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    shape = (5,) if per_column and constant else ()
    weights, zeros = whole((300, 5), dtype, 1), np.full(shape, 4, dtype)
    scales = np.asarray(rng.random(shape) / 10 + 0.01, np.float32)
    left = whole((2, 3, 300), dtype), np.array(0.03, np.float32), np.array(7, dtype)
    verify(
        "QLinearMatMul",
        *left,
        weights,
        scales,
        zeros,
        np.array(150, np.float32),
        np.array(9, dtype),
        constant=constant,
        **EXACT,
    )


def test_scales_of_float16_are_multiplied_in_float16() -> None:
    half = [np.array(value, np.float16) for value in (0.0066, 0.0705, 0.0107)]
    x, w = whole((2, 4)), whole((4, 3), seed=1)
    arrays = [
        x,
        half[0],
        np.array(113, np.uint8),
        w,
        half[1],
        np.array(114, np.uint8),
        half[2],
        np.array(118, np.uint8),
    ]
    verify("QLinearMatMul", *arrays, constant=range(1, 8), oracle="reference", opset=21, **EXACT)


def test_a_parameter_of_a_shape_that_onnx_does_not_know_is_refused() -> None:
    refused(nodes("ConvInteger", whole((1, 2, 4, 4)), whole((2, 2, 3, 3)), whole((2,)), constant=(1, 2)), "one number")

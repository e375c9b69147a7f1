"""AffineGrid, BitCast, CumProd, Det and MelWeightMatrix."""

import ml_dtypes
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import few, nodes, refused, sample, verify


@pytest.mark.parametrize("align_corners", [0, 1])
@pytest.mark.parametrize("size", [(2, 3, 4, 4), (2, 3, 4, 4, 2)])
def test_affine_grid(align_corners: int, size: tuple[int, ...]) -> None:
    axes = len(size) - 2
    theta, wanted = sample((2, axes, axes + 1)), np.array(size)
    expect = ["FULLY_CONNECTED", "RESHAPE", "TRANSPOSE"]
    verify("AffineGrid", theta, wanted, constant=(1,), align_corners=align_corners, expect=expect, atol=1e-5)


def test_affine_grid_of_one_entry() -> None:
    theta, size = sample((1, 2, 3)), np.array([1, 1, 1, 4])
    verify("AffineGrid", theta, size, constant=(1,))
    refused(nodes("AffineGrid", theta, size, constant=(1,), align_corners=1), "divides by 0")


@few
@given(st.sampled_from(["float32", "float16", "int32", "int64", "uint32"]), st.integers(1, 6), st.integers(-2, 1))
def test_cum_prod(dtype: str, size: int, axis: int) -> None:
    x = sample((size, size), "int8") % 4 - 2
    x = np.abs(x) if dtype == "uint32" else x
    for options in ({}, {"exclusive": 1}, {"reverse": 1}, {"exclusive": 1, "reverse": 1}):
        verify("CumProd", x.astype(dtype), np.array(axis), constant=(1,), opset=26, oracle="reference", **options)
        verify("CumProd", x.astype(dtype), np.array(axis), opset=26, oracle="reference", **options)


@pytest.mark.parametrize(
    ("dtype", "to"),
    [("float32", "INT32"), ("int32", "FLOAT"), ("int64", "UINT64"), ("bool", "UINT8"), ("int8", "INT8")],
)
@pytest.mark.parametrize("constant", [(), (0,)])
def test_bit_cast(dtype: str, to: str, constant: tuple[int, ...]) -> None:
    x = sample((2, 3), dtype)
    verify("BitCast", x, constant=constant, to=onnx.TensorProto.DataType.Value(to), opset=26, oracle="reference")


def test_bit_cast_to_a_type_that_tflite_lacks() -> None:
    refused(nodes("BitCast", sample((2,), "int16"), to=onnx.TensorProto.BFLOAT16, opset=26), "BFLOAT16")
    refused(nodes("BitCast", sample((2,)).astype(ml_dtypes.bfloat16), to=onnx.TensorProto.INT16, opset=26), "BFLOAT16")


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("batch", [(), (2, 3)])
def test_det(size: int, batch: tuple[int, ...]) -> None:
    x = sample((*batch, size, size))
    verify("Det", x, want=np.asarray(np.linalg.det(x), np.float32), rtol=1e-4, atol=1e-4)


def test_det_of_larger_matrices_is_refused() -> None:
    refused(nodes("Det", sample((5, 5))), "pivoting")


@pytest.mark.parametrize("numbers", [(8, 16, 8192, 0, 4096), (20, 256, 16000, 20, 7600), (9, 8, 100, 0, 20)])
def test_mel_weight_matrix(numbers: tuple[int, ...]) -> None:
    bins, length, rate = (np.array(number) for number in numbers[:3])
    edges = (np.array(number, np.float32) for number in numbers[3:])
    verify("MelWeightMatrix", bins, length, rate, *edges, constant=range(5), oracle="reference")


def test_mel_weight_matrix_of_parameters_at_run_time_is_refused() -> None:
    numbers = [np.array(number) for number in (8, 16, 8192)] + [np.array(edge, np.float32) for edge in (0, 4096)]
    refused(nodes("MelWeightMatrix", *numbers, constant=range(4)), "run time")

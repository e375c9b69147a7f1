import numpy as np
import onnx_ir as ir
import pytest

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.integer.record import Quantization, per_tensor, set_quantization
from portproof.exporter.tflite.values import constant
from portproof.exporter.tflite.writer.versions import operator_version

ONE = per_tensor(0.5, 0)
SEVERAL = Quantization(scales=(0.5, 0.25), zero_points=(0, 0))


def _tensor(shape: tuple[int, ...], dtype: type, found: Quantization | None = ONE) -> ir.Value:
    value = ir.Value(shape=ir.Shape(shape), type=ir.TensorType(ir.DataType.from_numpy(np.dtype(dtype))))
    if found is not None and dtype is not np.float32:
        set_quantization(value, found)
    return value


def _layer(op: str, data: type, found: Quantization = ONE, **options: int) -> int:
    shape, kernel = ((1, 4), (2, 4)) if op == "FULLY_CONNECTED" else ((1, 3, 3, 4), (2, 1, 1, 4))
    weights = constant(np.zeros(kernel, np.int8))
    set_quantization(weights, found)
    bias = constant(np.zeros(2, np.float32 if data is np.float32 else np.int32))
    b = Builder(23)
    b.emit(op, [_tensor(shape, data), weights, bias], shape=(1, 2), dtype=data, **options)
    return operator_version(b.nodes[0])


@pytest.mark.parametrize(
    ("op", "data", "found", "version"),
    [
        ("FULLY_CONNECTED", np.int8, ONE, 4),
        ("FULLY_CONNECTED", np.int8, SEVERAL, 12),
        ("FULLY_CONNECTED", np.int16, ONE, 7),
        ("FULLY_CONNECTED", np.float32, ONE, 9),
        ("FULLY_CONNECTED", np.float32, SEVERAL, 12),
        ("CONV_2D", np.int8, SEVERAL, 3),
        ("CONV_2D", np.int16, SEVERAL, 4),
        ("CONV_2D", np.float32, ONE, 2),
        ("CONV_2D", np.float32, SEVERAL, 5),
        ("DEPTHWISE_CONV_2D", np.int8, SEVERAL, 3),
        ("DEPTHWISE_CONV_2D", np.int16, ONE, 5),
        ("DEPTHWISE_CONV_2D", np.float32, ONE, 4),
        ("DEPTHWISE_CONV_2D", np.float32, SEVERAL, 6),
    ],
)
def test_layers_with_int8_weights(op: str, data: type, found: Quantization, version: int) -> None:
    assert _layer(op, data, found) == version


def test_options_of_fully_connected() -> None:
    assert _layer("FULLY_CONNECTED", np.int8, keep_num_dims=1) == 5


@pytest.mark.parametrize(("kind", "scale", "version"), [(np.int8, 0.5, 2), (np.int8, 0.1, 3), (np.int16, 0.5, 4)])
def test_products_whose_scales_grow(kind: type, scale: float, version: int) -> None:
    b = Builder(23)
    y = b.emit("MUL", [_tensor((2,), kind), _tensor((2,), kind)], shape=(2,), dtype=kind)
    set_quantization(y, per_tensor(scale, 0))
    assert operator_version(b.nodes[0]) == version


@pytest.mark.parametrize(
    ("op", "source", "target", "found", "version"),
    [
        ("QUANTIZE", np.float32, np.int8, ONE, 1),
        ("QUANTIZE", np.float32, np.int16, ONE, 2),
        ("DEQUANTIZE", np.int8, np.float32, ONE, 2),
        ("DEQUANTIZE", np.int8, np.float32, SEVERAL, 5),
        ("DEQUANTIZE", np.int16, np.float32, ONE, 3),
        ("ADD", np.int16, np.int16, ONE, 3),
        ("GELU", np.int8, np.int8, ONE, 2),
    ],
)
def test_others(op: str, source: type, target: type, found: Quantization, version: int) -> None:
    b = Builder(23)
    y = b.emit(op, [_tensor((2, 2), source, found)], shape=(2, 2), dtype=target)
    if target is not np.float32:
        set_quantization(y, found)
    assert operator_version(b.nodes[0]) == version


def test_numbers_that_stand_for_themselves_go_by_their_type() -> None:
    b = Builder(23)
    b.emit("ADD", [_tensor((2,), np.int16, None), _tensor((2,), np.int16, None)], shape=(2,), dtype=np.int16)
    assert operator_version(b.nodes[0]) == 5

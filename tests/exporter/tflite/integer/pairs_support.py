"""Graphs of the `tfl` dialect with pairs."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.integer.record import Quantization, per_tensor, set_quantization
from portproof.exporter.tflite.values import shape_of

ONE = per_tensor(0.5, -3)
OTHER = per_tensor(0.25, -3)


def quantize(b: Builder, x: ir.Value, found: Quantization = ONE, dtype: type = np.int8) -> ir.Value:
    y = b.emit("QUANTIZE", [x], shape=shape_of(x), dtype=dtype)
    set_quantization(y, found)
    return y


def dequantize(b: Builder, x: ir.Value) -> ir.Value:
    return b.emit("DEQUANTIZE", [x], shape=shape_of(x), dtype=np.float32)


def pair(b: Builder, x: ir.Value, found: Quantization = ONE, dtype: type = np.int8) -> ir.Value:
    return dequantize(b, quantize(b, x, found, dtype))

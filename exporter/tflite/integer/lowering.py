"""QuantizeLinear and DequantizeLinear as operators of TFLite, where a pair says what kernels may compute in integers.

Only pairs are lowered so: what reads a quantized tensor otherwise (casts it, say) gets the exact arithmetic of
`make/quantize.py`, because TFLite's kernels round halves differently.
"""

import math
from collections.abc import Iterable

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.integer.dynamic import is_dynamic
from portproof.exporter.tflite.integer.record import (
    Integers,
    Quantization,
    per_tensor,
    quantization_of,
    set_integers,
    set_quantization,
)
from portproof.exporter.tflite.values import Array, array_of, dtype_of, name_of, shape_of

_BITS = {"int4": 4, "uint4": 4, "int8": 8, "uint8": 8, "int16": 16, "int32": 32}
_SYMMETRIC = frozenset({"int16"})
"""Types whose kernels take zero points of 0 only (LiteRT quantization specification)."""
_ACTIVATIONS = frozenset({"int8", "uint8", "int16"})


def parameters(scale: ir.Value | None, zero_point: ir.Value | None, dtype: np.dtype) -> Quantization | None:
    """The parameters of an activation of type `dtype`; None where no kernel takes such, or they are not known yet.

    Args:
        scale: of rank 0, or of one element.
        zero_point: as the scale; None for 0.
        dtype: of the integers.
    """
    steps, zeros = array_of(scale), array_of(zero_point)
    name = name_of(dtype)
    if name not in _ACTIVATIONS or steps is None or steps.size != 1 or (zero_point is not None and zeros is None):
        return None
    zero = 0 if zeros is None else int(zeros.reshape(-1)[0])
    step = float(np.float32(steps.reshape(-1)[0]))
    if not math.isfinite(step) or step <= 0 or (name in _SYMMETRIC and zero):
        return None
    return per_tensor(step, zero)


def quantized(b: Builder, x: ir.Value, found: Quantization | None, dtype: np.dtype) -> ir.Value | None:
    """A QUANTIZE of the float32 tensor `x`, where all that reads the result dequantizes it; else None."""
    if found is None or array_of(x) is not None or not _is_half_of_a_pair(b.source):
        return None
    y = b.emit("QUANTIZE", [x], shape=shape_of(x), dtype=dtype)
    set_quantization(y, found)
    return y


def dequantized(b: Builder, x: ir.Value, found: Quantization | None) -> ir.Value | None:
    """A DEQUANTIZE of `x`, where these are the parameters that `x` has been quantized with; else None."""
    if found is None or quantization_of(x) != found:
        return None
    return b.emit("DEQUANTIZE", [x], shape=shape_of(x), dtype=np.float32)


def remember(b: Builder, result: ir.Value, x: ir.Value, scale: ir.Value, zero_point: ir.Value | None) -> None:
    """Notes what the constant `result` has been: the integers `x`; parameters broadcast against it."""
    numbers, steps, zeros = array_of(x), array_of(scale), array_of(zero_point)
    name = "" if numbers is None else name_of(numbers.dtype)
    if numbers is None or steps is None or name not in _BITS or array_of(result) is None:
        return
    result.name = result.name or x.name
    set_integers(
        result,
        Integers(
            numbers=numbers.astype(np.int8) if _BITS[name] == 4 else numbers,
            scale=steps.astype(np.float32),
            zero_point=np.zeros_like(steps, np.int32) if zeros is None else _like(zeros, steps),
            bits=_BITS[name],
            dynamic=is_dynamic(b.source),
        ),
    )


def mark_inputs(onnx_inputs: Iterable[ir.Value], inputs: Iterable[ir.Value]) -> None:
    """Notes what the integers of inputs stand for whose readers all dequantize them alike."""
    for source, value in zip(onnx_inputs, inputs, strict=True):
        if source.dtype is None or source.is_graph_output():
            continue
        readers = [use.node for use in source.uses()]
        if readers and all(node.op_type == "DequantizeLinear" for node in readers):
            found = {_of_node(node, dtype_of(source)) for node in readers}
            if len(found) == 1 and (only := found.pop()) is not None:
                set_quantization(value, only)


def _of_node(node: ir.Node, dtype: np.dtype) -> Quantization | None:
    inputs = [*node.inputs, None]
    return parameters(inputs[1], inputs[2], dtype)


def _is_half_of_a_pair(node: ir.Node | None) -> bool:
    """Whether the result of a QuantizeLinear is dequantized by all that reads it."""
    if node is None or node.outputs[0].is_graph_output():
        return False
    uses = list(node.outputs[0].uses())
    return bool(uses) and all(use.node.op_type == "DequantizeLinear" and use.idx == 0 for use in uses)


def _like(zeros: Array, steps: Array) -> Array:
    return np.broadcast_to(zeros.astype(np.int32), steps.shape)

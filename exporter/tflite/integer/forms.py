"""The integer form of an operator between DEQUANTIZE and QUANTIZE: its operands, or why there is none."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.kernels import COMPUTING, FIXED, Kernel, pays
from portproof.exporter.tflite.integer.ranges import product_too_large, too_far_apart
from portproof.exporter.tflite.integer.record import Quantization, per_tensor, quantization_of, set_quantization
from portproof.exporter.tflite.integer.weights import activation_of, bias_of, weights_of
from portproof.exporter.tflite.passes.graph import producer_of
from portproof.exporter.tflite.values import Array, constant, dtype_of, is_constant, name_of

_FINER = 128
"""By how much the steps of 16 bits are finer that become steps of 8; the range of 8 bits is still inside."""
_COARSER = 1.001
"""How much coarser a scale may be and still count as no coarser: float32 rounding of what calibration wrote."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """What becomes of a float operator.

    Attributes:
        operands: what is read instead, by the number of the input.
        result: the parameters of the integers that the kernel gives.
        attributes: to be set.
        op: the operator that computes it, where that is another.
        dtype: of the integers that the kernel gives; operands of another type are to be made integers of this one.
    """

    operands: dict[int, ir.Value]
    result: Quantization
    attributes: dict[str, int | str] = field(default_factory=dict)
    op: str | None = None
    dtype: np.dtype = field(default_factory=lambda: np.dtype(np.int8))


def integer_form(node: ir.Node, wanted: Quantization, dtype: np.dtype) -> Form | str:
    """How `node` computes with integers.

    Args:
        node: of the `tfl` dialect, float32.
        wanted: how its result is quantized.
        dtype: of its result's integers.

    Returns:
        The form, or the reason why there is none. A result with other parameters than those wanted is to be
        requantized.
    """
    kernel = COMPUTING.get(node.op_type)
    if kernel is None:
        return "TFLite has no integer kernel for it"
    if dtype == np.int8 and np.dtype(np.int16) in _types(node, kernel):
        return integer_form(node, per_tensor(wanted.scale / _FINER, 0), np.dtype(np.int16))
    name = name_of(dtype)
    if name not in kernel.types:
        return f"TFLite has no kernel for it with {name} activations"
    if not pays(node.op_type, kernel, name):
        return "XNNPACK computes it in float32 only: an integer kernel would split the graph"
    operands = _activations(node, kernel, dtype)
    if isinstance(operands, str):
        return operands
    form = _form(node, kernel, operands, wanted, dtype)
    return form if isinstance(form, str) else replace(form, dtype=dtype)


def _form(
    node: ir.Node, kernel: Kernel, operands: dict[int, ir.Value], wanted: Quantization, dtype: np.dtype
) -> Form | str:
    result = _result(node, kernel, operands, wanted, dtype)
    if isinstance(result, str):
        return result
    if why := too_far_apart(node.op_type, operands, result):
        return why
    special = _SPECIAL.get(node.op_type)
    return special(node, operands, result, dtype) if special else Form(operands=operands, result=result)


def _types(node: ir.Node, kernel: Kernel) -> set[np.dtype]:
    """Of the integers that a float operator's activations are made of."""
    indices = range(len(node.inputs)) if kernel.data is None else kernel.data
    sources = [producer_of(node.inputs[index], "DEQUANTIZE") for index in indices]
    return {dtype_of(source.inputs[0]) for source in sources if source is not None and source.inputs[0] is not None}


def _activations(node: ir.Node, kernel: Kernel, dtype: np.dtype) -> dict[int, ir.Value] | str:
    indices = range(len(node.inputs)) if kernel.data is None else kernel.data
    found: dict[int, ir.Value] = {}
    for index in indices:
        operand = _activation(node.inputs[index], dtype)
        if isinstance(operand, str):
            return operand
        found[index] = operand
    if not any(quantization_of(value) and not is_constant(value) for value in found.values()):
        return "its operands are not quantized"
    return found


def _activation(value: ir.Value | None, dtype: np.dtype) -> ir.Value | str:
    if value is None:
        return "an operand is missing"
    if is_constant(value):
        return activation_of(value, dtype)
    source = producer_of(value, "DEQUANTIZE")
    integers = source.inputs[0] if source is not None else None
    if integers is None or is_constant(integers):
        return "what it reads is not quantized"
    return integers if dtype_of(integers) in (dtype, np.int8) else f"it reads {integers.dtype} and gives {dtype.name}"


def _result(
    node: ir.Node, kernel: Kernel, operands: dict[int, ir.Value], wanted: Quantization, dtype: np.dtype
) -> Quantization | str:
    """The parameters that the kernel's result has."""
    if kernel.relation == "free":
        return wanted
    if kernel.relation == "fixed":
        prescribed = per_tensor(*FIXED[node.op_type, dtype.name])
    else:
        operand = next(iter(operands.values()))
        found = quantization_of(operand)
        if found is None:
            return "its operand is not quantized"
        prescribed = found if dtype_of(operand) == dtype else per_tensor(found.scale, 0)
    if prescribed.scale > wanted.scale * _COARSER:
        return f"its kernel gives steps of {prescribed.scale:.3g}, the model wants {wanted.scale:.3g}"
    return prescribed


def _linear(node: ir.Node, operands: dict[int, ir.Value], result: Quantization, dtype: np.dtype) -> Form | str:
    """Convolutions and FULLY_CONNECTED: int8 weights with a scale for each channel, a bias in steps of the product."""
    data, bias = (2, 3) if node.op_type == "TRANSPOSE_CONV" else (0, 2)
    weights = weights_of(node.inputs[1], 3 if node.op_type == "DEPTHWISE_CONV_2D" else 0)
    if isinstance(weights, str):
        return weights
    product = _product(operands[data], weights.scale)
    if why := product_too_large(float(product.max(initial=0)) / result.scale):
        return why
    inputs = {**operands, 1: weights.value}
    if len(node.inputs) > bias and node.inputs[bias] is not None:
        found = bias_of(node.inputs[bias], product, dtype.name, weights.sums)
        if isinstance(found, str):
            return found
        inputs[bias] = found
    return Form(operands=inputs, result=result)


def _product(data: ir.Value, scale: Array) -> Array:
    found = quantization_of(data)
    return scale.astype(np.float64) * (found.scale if found is not None else 1.0)


def _sum(_: ir.Node, operands: dict[int, ir.Value], result: Quantization, dtype: np.dtype) -> Form | str:
    """Scales of int16 need not be powers of two, which is what the file says when it says nothing."""
    return Form(operands=operands, result=result, attributes={"pot_scale_int16": 0} if dtype == np.int16 else {})


def _clamp(node: ir.Node, operands: dict[int, ir.Value], result: Quantization, dtype: np.dtype) -> Form | str:
    """XNNPACK clamps int8 where something is computed only: 0 is added."""
    found = quantization_of(operands[0])
    if dtype != np.int8 or found is None:
        return Form(operands=operands, result=result)
    zero = constant(np.array(found.zero_point, dtype))
    set_quantization(zero, found)
    return Form(
        operands={**operands, 1: zero},
        result=result,
        attributes={"fused_activation_function": node.op_type},
        op="ADD",
    )


_SPECIAL: dict[str, Callable[[ir.Node, dict[int, ir.Value], Quantization, np.dtype], Form | str]] = {
    "ADD": _sum,
    "CONV_2D": _linear,
    "DEPTHWISE_CONV_2D": _linear,
    "FULLY_CONNECTED": _linear,
    "RELU": _clamp,
    "RELU6": _clamp,
    "RELU_N1_TO_1": _clamp,
    "SUB": _sum,
    "TRANSPOSE_CONV": _linear,
}

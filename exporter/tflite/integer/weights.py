"""Weights and biases of integer kernels, from constants that remember their integers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.integer.record import Integers, Quantization, integers_of, per_tensor, set_quantization
from portproof.exporter.tflite.values import Array, array_of, constant

_LARGEST = 127
"""Weights are symmetric, in [-127, 127] (LiteRT quantization specification)."""
_INT8_STEPS = 255
"""The largest difference of two int8 numbers, such as an activation and its zero point."""
_BIAS_TYPES: dict[str, np.dtype[Any]] = {"int8": np.dtype(np.int32), "int16": np.dtype(np.int64)}
"""By the type of the activations."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights as a kernel reads them.

    Attributes:
        value: an int8 constant with its parameters.
        scale: float32, one for each output channel.
        sums: int64, of the magnitudes of each channel.
    """

    value: ir.Value
    scale: Array
    sums: Array


def weights_of(value: ir.Value | None, axis: int) -> Weights | str:
    """The int8 weights that the constant `value` was; or why it has none.

    Args:
        value: float32 weights in the kernel's layout.
        axis: of the output channels.
    """
    held, array = integers_of(value), array_of(value)
    if value is None or array is None:
        return "its weights are computed when running"
    if held is None:
        return "its weights are not quantized"
    if held.bits > 8:
        return f"its weights have {held.bits} bits"
    numbers = symmetric(held)
    if numbers is None:
        return "its weights are not symmetric: they have zero points, or numbers below -127"
    scale = along(held.scale, axis, numbers.shape)
    if scale is None:
        return "its weights have scales along another axis than the output channels"
    numbers, scale = _positive(numbers, scale, axis)
    result = constant(numbers, value.name)
    set_quantization(result, _per_channel(scale, axis))
    others = tuple(other for other in range(numbers.ndim) if other != axis)
    return Weights(value=result, scale=scale, sums=np.abs(numbers.astype(np.int64)).sum(axis=others))


def bias_of(value: ir.Value | None, scale: Array, activations: str, sums: Array | None = None) -> ir.Value | str:
    """The bias in steps of `scale`, the product of the input's and the weights' scales; or why it cannot be.

    Args:
        value: a float32 constant of one number for each channel.
        scale: float64 for each channel.
        activations: their type: ``"int8"`` or ``"int16"``.
        sums: of the magnitudes of each channel's weights, which the bias is added to in the same integers.
    """
    held, array = integers_of(value), array_of(value)
    if array is None:
        return "its bias is computed when running"
    real = array.astype(np.float64) if held is None else _real(held)
    steps = np.rint(real.reshape(-1) / scale)
    dtype = _BIAS_TYPES[activations]
    reach = np.abs(steps) + (0 if sums is None or activations != "int8" else _INT8_STEPS * sums)
    if reach.max(initial=0) > np.iinfo(dtype).max:
        return f"its bias does not fit {dtype.name}: widen the scale of that channel's weights"
    result = constant(steps.astype(dtype), value.name if value is not None else None)
    steps32 = scale.astype(np.float32)
    set_quantization(result, _per_channel(steps32, 0))
    return result


def activation_of(value: ir.Value, dtype: np.dtype) -> ir.Value | str:
    """A constant operand as integers of `dtype` with one scale; or why it cannot be."""
    held, array = integers_of(value), array_of(value)
    if array is not None and array.size == 1 and held is None:
        return _single(array, dtype, value.name)
    if held is None:
        return "a constant operand is not quantized"
    if held.scale.size and (np.ptp(held.scale) or np.ptp(held.zero_point)):
        return "a constant operand has several scales"
    zero = int(held.zero_point.reshape(-1)[0])
    numbers = held.numbers.astype(np.int64)
    if held.numbers.dtype == np.uint8:
        numbers, zero = numbers - 128, zero - 128
    limits = np.iinfo(dtype)
    if numbers.min(initial=0) < limits.min or numbers.max(initial=0) > limits.max or (dtype == np.int16 and zero):
        return f"a constant operand is quantized to {held.numbers.dtype}"
    result = constant(numbers.astype(dtype), value.name)
    set_quantization(result, per_tensor(float(held.scale.reshape(-1)[0]), zero))
    return result


def symmetric(held: Integers) -> Array | None:
    """The numbers as int8 with a zero point of 0; None where that cannot be."""
    numbers = held.numbers.astype(np.int16) - held.zero_point
    return numbers.astype(np.int8) if np.abs(numbers).max(initial=0) <= _LARGEST else None


def along(scale: Array, axis: int, shape: tuple[int, ...]) -> Array | None:
    """The scale for each entry of `axis`, float32; None where it differs along another axis."""
    others = tuple(other for other in range(scale.ndim) if other != axis)
    lowest, highest = scale.min(axis=others), scale.max(axis=others)
    if not np.array_equal(lowest, highest):
        return None
    return np.ascontiguousarray(np.broadcast_to(lowest, (shape[axis],)))


def _positive(numbers: Array, scale: Array, axis: int) -> tuple[Array, Array]:
    """Scales of channels whose weights are all 0 as the largest of the others.

    Any scale does for such a channel; its own may be 0, which kernels do not take, or too small for its bias.
    """
    others = tuple(other for other in range(numbers.ndim) if other != axis)
    dead = (scale < np.finfo(np.float32).tiny) | ~numbers.any(axis=others)
    if not dead.any():
        return numbers, scale
    shape = [-1 if other == axis else 1 for other in range(numbers.ndim)]
    largest = scale[~dead].max() if not dead.all() else np.float32(1)
    return np.where(dead.reshape(shape), np.int8(0), numbers), np.where(dead, largest, scale).astype(np.float32)


def _per_channel(scale: Array, axis: int) -> Quantization:
    """One scale where all are equal: every runtime takes that."""
    if len(np.unique(scale)) == 1:
        return per_tensor(float(scale[0]), 0)
    return Quantization(scales=tuple(map(float, scale)), zero_points=(0,) * len(scale), axis=axis)


def _real(held: Integers) -> Array:
    return (held.numbers.astype(np.float64) - held.zero_point) * held.scale.astype(np.float64)


def _single(array: Array, dtype: np.dtype, name: str | None) -> ir.Value | str:
    """One number is exact with a scale of its own."""
    number = float(array.reshape(-1)[0])
    if not np.isfinite(number):
        return "a constant operand is not finite"
    result = constant(np.full(array.shape, int(np.sign(number)), dtype), name)
    set_quantization(result, per_tensor(abs(number) or 1.0, 0))
    return result

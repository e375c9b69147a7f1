"""What a tensor's integers stand for: real = (q - zero_point) * scale.

A tensor computed at run time notes its `Quantization`, which the writer puts into the file. A float32 constant that
came from a DequantizeLinear remembers its `Integers`; whatever only moves its elements takes them along (`moved`),
anything that computes with it makes a plain constant without them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.values import Array, array_of, constant

_QUANTIZATION = "quantization"
_INTEGERS = "integers"
Move = Callable[[Array], Array]


@dataclass(frozen=True, kw_only=True)
class Quantization:
    """The parameters of one integer tensor, as the file has them.

    Attributes:
        scales: float32 numbers: one, or one for each entry of `axis`.
        zero_points: as many.
        axis: of the tensor, where there are several.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def scale(self) -> float:
        """That of a tensor with one."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """That of a tensor with one."""
        return self.zero_points[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Integers:
    """What a constant was before it was dequantized.

    Attributes:
        numbers: integers, in the constant's shape.
        scale: float32 of the constant's rank; every axis has its size or 1.
        zero_point: int32, in the shape of `scale`.
        bits: of the type that the numbers had in the model.
        dynamic: whether what they are multiplied with is to be quantized when running.
    """

    numbers: Array
    scale: Array
    zero_point: Array
    bits: int
    dynamic: bool = False


def per_tensor(scale: float, zero_point: int) -> Quantization:
    """The parameters of an activation."""
    return Quantization(scales=(scale,), zero_points=(zero_point,))


def quantization_of(value: ir.Value | None) -> Quantization | None:
    """What the integers of `value` stand for; None of floats, and of integers that are just numbers."""
    found = None if value is None else value.meta.data.get(_QUANTIZATION)  # past three methods of `UserDict`
    return found if isinstance(found, Quantization) else None


def set_quantization(value: ir.Value, quantization: Quantization) -> None:
    """Notes what the integers of `value` stand for."""
    value.meta[_QUANTIZATION] = quantization


def copy_quantization(source: ir.Value, target: ir.Value) -> None:
    """`target` holds the same integers as `source`, in other places."""
    if (found := quantization_of(source)) is not None and target.dtype == source.dtype:
        set_quantization(target, found)


def integers_of(value: ir.Value | None) -> Integers | None:
    """What a float32 constant was before it was dequantized; None of other values."""
    found = None if value is None else value.meta.data.get(_INTEGERS)
    return found if isinstance(found, Integers) else None


def set_integers(value: ir.Value, integers: Integers) -> None:
    """Notes what the constant `value` was; parameters of rank 0 get the rank of the constant."""
    rank = integers.numbers.ndim
    value.meta[_INTEGERS] = replace(
        integers, scale=_with_rank(integers.scale, rank), zero_point=_with_rank(integers.zero_point, rank)
    )


def moved(value: ir.Value, move: Move, name: str | None = None) -> ir.Value:
    """The constant that `move` makes of the constant `value`.

    Args:
        value: a constant.
        move: puts elements of an array of its shape into other places (transposes, reshapes, slices, flips), repeats or
            leaves out some; it computes nothing.
        name: of the result; that of `value` when None.
    """
    result = constant(move(np.asarray(array_of(value))), value.name if name is None else name)
    copy_quantization(value, result)
    held = integers_of(value)
    if held is not None:
        numbers = move(held.numbers)
        scale, zero_point = (move(np.broadcast_to(item, held.numbers.shape)) for item in (held.scale, held.zero_point))
        result.meta[_INTEGERS] = replace(held, numbers=numbers, scale=scale, zero_point=zero_point)
    return result


def rescaled(value: ir.Value, rows: Array, factor: float) -> ir.Value:
    """The constant `value` with some entries of its first axis multiplied: integers stay, their scale changes."""
    result = constant(_multiplied(np.asarray(array_of(value)), rows, factor), value.name)
    held = integers_of(value)
    if held is not None and factor > 0:
        scale = np.broadcast_to(held.scale, (len(held.numbers), *held.scale.shape[1:]))
        zero_point = np.broadcast_to(held.zero_point, scale.shape)
        result.meta[_INTEGERS] = replace(held, scale=_multiplied(scale, rows, factor), zero_point=zero_point)
    return result


def _multiplied(array: Array, rows: Array, factor: float) -> Array:
    scaled = array.copy()
    scaled[rows] = (array[rows].astype(np.float64) * factor).astype(np.float32)
    return scaled


def replace_moved(node: ir.Node, index: int, move: Move) -> None:
    """Gives `node` the moved constant as its input `index`, leaving the old one to its other users."""
    old = node.inputs[index]
    if old is not None:
        node.replace_input_with(index, moved(old, move))


def _with_rank(array: Array, rank: int) -> Array:
    return array.reshape((1,) * (rank - array.ndim) + array.shape)

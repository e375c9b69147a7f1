"""Real numbers to integers of a scale and a zero point and back.

MIL's quantize and dequantize (iOS17) take constant parameters of one number, or of one for each entry of an axis;
weights stay integers in the package as constexpr_affine_dequantize (iOS16) or constexpr_blockwise_shift_scale (iOS18,
which has blocks and 4 bits). All else is arithmetic, in the order of ONNX Runtime: x / scale, rounded half to even,
plus the zero point, clipped. It stays in float32: a quotient near the middle of two integers has no digit to spare.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary, unary
from portproof.exporter.coreml.make.movement import gather, reshape
from portproof.exporter.coreml.values import Array, Var, array_of, dtype_of, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal

QUANTIZED = frozenset({"int8", "uint8", "int16", "uint16"})
MIL_TYPES = frozenset({"int8", "uint8"})


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """A scale and a zero point.

    Attributes:
        scale: float32 or float16: one number, one for each entry of `axis`, or one for each block along it.
        zero_point: of the same shape, None for 0.
        axis: not negative.
        block: entries of a block, 0 where there are none.
    """

    scale: Var
    zero_point: Var | None
    axis: int
    block: int

    @property
    def single(self) -> bool:
        """Whether one number stands for the whole tensor."""
        return tuple(self.scale.shape) in ((), (1,))

    def arrays(self) -> tuple[Array, Array | None] | None:
        """Both as constants, the scale in its type; None where one is computed at run time."""
        scale, zero = array_of(self.scale), array_of(self.zero_point)
        return None if scale is None or (zero is None and self.zero_point is not None) else (scale, zero)


def spread(b: Builder, parameter: Var, x: Var, parameters: Parameters) -> Var:
    """A scale or zero point so that it broadcasts against `x`.

    Raises:
        Refusal: it has another shape.
    """
    shape, size, axis = x.shape, shape_of(parameter), parameters.axis
    if parameters.block and len(size) == len(shape):
        return gather(b, parameter, np.arange(int(shape[axis])) // parameters.block, axis)
    if size in ((), (1,)):
        return reshape(b, parameter, ())
    if len(size) != 1 or axis >= len(shape) or size[0] != shape[axis]:
        raise Refusal(f"a scale or zero point of shape {size} for a tensor of shape {tuple(shape)}")
    return reshape(b, parameter, [size[0] if other == axis else 1 for other in range(len(shape))])


def spread_array(data: Array, parameter: Array, parameters: Parameters) -> Array:
    """`spread` of constants, to the shape of `data` where there are blocks."""
    axis = parameters.axis
    if parameters.block and parameter.ndim == data.ndim:
        return np.take(parameter, np.arange(data.shape[axis]) // parameters.block, axis)
    if parameter.size == 1:
        return parameter.reshape(())
    if parameter.ndim != 1 or parameter.size != data.shape[axis]:
        raise Refusal(f"a scale or zero point of shape {parameter.shape} for a tensor of shape {data.shape}")
    return parameter.reshape([-1 if other == axis else 1 for other in range(data.ndim)])


def quantize(b: Builder, x: Var, parameters: Parameters, dtype: np.dtype[Any]) -> Var:
    """`x` / scale as integers: of `dtype` by MIL's operator, else int32 in the range of `dtype`."""
    native = _native(b, x, parameters, dtype)
    if native is not None:
        return b.emit("quantize", input=x, output_dtype=dtype.name, **native)
    with b.exactly():
        wide, scale = (b.cast(value, "float32") for value in (x, spread(b, parameters.scale, x, parameters)))
        zero = None if parameters.zero_point is None else spread(b, parameters.zero_point, x, parameters)
        return rounded(b, binary(b, "real_div", wide, scale), zero, dtype)


def rounded(b: Builder, x: Var, zero_point: Var | None, dtype: np.dtype[Any]) -> Var:
    """float32 `x`, in multiples of the scale, as integers in the range of `dtype`: int32.

    Raises:
        Refusal: the type is none of `QUANTIZED`.
    """
    if dtype.name not in QUANTIZED:
        raise Refusal(f"MIL does not quantize to {dtype.name} at run time", "quantize to int8 or uint8")
    limits = np.iinfo(dtype)
    steps = unary(b, "round", x)
    if zero_point is not None and not is_zero(zero_point):
        steps = binary(b, "add", steps, b.cast(zero_point, "float32"))
    return b.cast(unary(b, "clip", steps, alpha=np.float32(limits.min), beta=np.float32(limits.max)), "int32")


def is_zero(zero_point: Var | None) -> bool:
    """Whether a zero point is absent, or known to be 0 everywhere."""
    array = array_of(zero_point)
    return zero_point is None or (array is not None and not array.any())


def dequantize(b: Builder, x: Var, parameters: Parameters) -> Var:
    """(x - zero point) * scale, in the type of the scale."""
    native = _native(b, x, parameters, np.dtype(dtype_of(x)))
    if native is not None:
        return b.emit("dequantize", input=x, **native)
    with b.exactly():
        real = centred(b, x, None if is_zero(parameters.zero_point) else spread(b, _zero(parameters), x, parameters))
        scale = spread(b, parameters.scale, x, parameters)
        return binary(b, "mul", b.cast(real, dtype_of(scale)), scale)


def _zero(parameters: Parameters) -> Var:
    return parameters.zero_point


def centred(b: Builder, x: Var, zero_point: Var | None) -> Var:
    """`x` - `zero_point` as float32: exact for up to 16 bits, rounded once for int32."""
    whole = b.cast(x, "int32")
    if zero_point is not None and not is_zero(zero_point):
        whole = binary(b, "sub", whole, b.cast(zero_point, "int32"))
    return b.cast(whole, "float32")


def _native(b: Builder, x: Var, parameters: Parameters, dtype: np.dtype[Any]) -> dict[str, Any] | None:
    """The arguments of MIL's operators; None where they cannot be used."""
    arrays = parameters.arrays()
    integer_side = dtype_of(x) in MIL_TYPES or dtype_of(x) in ("float32", "float16")
    if not b.has("iOS17") or dtype.name not in MIL_TYPES or arrays is None or not integer_side or not rank_of(x):
        return None
    scale, zero = arrays
    if parameters.block or scale.ndim > 1 or not (scale > 0).all():
        return None
    single = parameters.single
    words: dict[str, Any] = {
        "scale": scale.reshape(()) if single else scale,
        "axis": None if single else parameters.axis,
    }
    if zero is not None:
        words["zero_point"] = (zero.reshape(()) if single else zero).astype(dtype)
    return words

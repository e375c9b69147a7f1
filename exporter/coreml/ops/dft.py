"""DFT and STFT, by constant matrices of cosines and sines."""

import math

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import gather, reshape, transpose
from portproof.exporter.coreml.make.parameter import constant_ints, declared_shape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Array, Var, array_of, dtype_of, rank_of, shape_of
from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.fourier import Transform
from portproof.exporter.lowering.refusal import Refusal

_NOTE = "constant lengths and axes, matrices up to 64 MB"


@onnx_op("DFT", since=17, note=_NOTE)
def dft_17(b: Builder, x: Var, dft_length: Var | None = None, *, axis: int, inverse: int, onesided: int) -> Var:
    """The axis is an attribute."""
    return _dft(b, x, dft_length, axis, bool(inverse), bool(onesided))


@onnx_op("DFT", since=20, note=_NOTE)
def dft_20(
    b: Builder, x: Var, dft_length: Var | None = None, axis: Var | None = None, *, inverse: int, onesided: int
) -> Var:
    """The axis is an input, the last but one if there is none."""
    along = -2 if axis is None else constant_ints(axis, "axis")[0]
    return _dft(b, x, dft_length, along, bool(inverse), bool(onesided))


def _dft(b: Builder, x: Var, dft_length: Var | None, axis: int, inverse: bool, onesided: bool) -> Var:
    shape, rank = shape_of(x), rank_of(x)
    along = resolve_axis(axis, rank)
    if along == rank - 1 or shape[-1] not in (1, 2):
        raise Refusal(f"axis {axis} of shape {list(shape)}, whose last axis holds the parts of a number")
    length = 2 * (shape[along] - 1) if inverse and onesided else shape[along]
    if dft_length is not None:
        length = constant_ints(dft_length, "dft_length")[0]
    transform = Transform(size=shape[along], length=length, parts=shape[-1], inverse=inverse, onesided=onesided)
    order = [other for other in range(rank - 1) if other != along] + [along, rank - 1]
    y = _apply(b, transpose(b, x, order), transform)
    return transpose(b, y, [order.index(other) for other in range(rank)])


def _apply(b: Builder, x: Var, transform: Transform) -> Var:
    """[..., size, parts] to [..., out, out parts]."""
    batch = shape_of(x)[:-2]
    count, parts = transform.out
    matrix = transform.matrix().reshape(count * parts, transform.size * transform.parts)
    rows = reshape(b, x, (math.prod(batch), matrix.shape[1]))
    return reshape(b, b.emit("linear", x=rows, weight=b.like(matrix, x)), (*batch, count, parts))


@onnx_op("STFT", since=17, note=f"constant frame_step; {_NOTE}")
def stft(
    b: Builder,
    signal: Var,
    frame_step: Var,
    window: Var | None = None,
    frame_length: Var | None = None,
    *,
    onesided: int,
) -> Var:
    """signal: [B, samples, 1 or 2]; [B, frames, frequencies, 2]. With a constant window it is one convolution."""
    step = constant_ints(frame_step, "frame_step")[0]
    shape = shape_of(signal) if rank_of(signal) == 3 else (*shape_of(signal), 1)
    x = reshape(b, signal, shape)
    length = shape[1] if window is None else shape_of(window)[0]
    if frame_length is not None:
        length = constant_ints(frame_length, "frame_length")[0]
    if window is not None and shape_of(window) != (length,):
        raise Refusal(f"a window of shape {shape_of(window)} for frames of {length}", "pad the window")
    transform = Transform(size=length, length=length, parts=shape[2], onesided=bool(onesided))
    weights = np.ones(length, np.float32) if window is None else array_of(window)
    frames = (shape[1] - length) // step + 1
    _check_declared(b, (shape[0], frames, *transform.out))
    if weights is not None:
        y = _by_convolution(b, x, transform.matrix() * weights.astype(np.float32)[:, None], step)
    else:
        cut = gather(b, x, np.arange(frames)[:, None] * step + np.arange(length), 1)
        factor = reshape(b, b.cast(window, dtype_of(x)), (length, 1))
        y = _apply(b, binary(b, "mul", cut, factor), transform)
    return reshape(b, y, (shape[0], frames, *transform.out))


def _check_declared(b: Builder, shape: tuple[int, ...]) -> None:
    """ONNX's shape inference takes a missing `onesided` for 0, its text for 1: what follows would not fit."""
    declared = declared_shape(b)
    if declared is not None and declared != shape:
        raise Refusal(
            f"ONNX infers the shape {list(declared)}, its text says {list(shape)}", "give the attribute onesided"
        )


def _by_convolution(b: Builder, x: Var, matrix: Array, step: int) -> Var:
    """[B, samples, parts] to [B, frames, out * 2]."""
    outputs, parts, length, inputs = matrix.shape
    kernel = np.ascontiguousarray(matrix.reshape(outputs * parts, length, inputs).transpose(0, 2, 1))
    y = b.emit("conv", x=transpose(b, x, (0, 2, 1)), weight=b.like(kernel, x), strides=[step], pad_type="valid")
    return transpose(b, y, (0, 2, 1))

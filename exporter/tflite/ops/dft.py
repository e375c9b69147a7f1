"""DFT and STFT, by constant matrices of cosines and sines."""

import math

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.axes import resolve_axis
from portproof.exporter.lowering.fourier import Transform
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import cast
from portproof.exporter.tflite.make.convolution import convolve
from portproof.exporter.tflite.make.floats import as_float32
from portproof.exporter.tflite.make.known import calc
from portproof.exporter.tflite.make.matmul import fully_connected
from portproof.exporter.tflite.make.movement import concat, gather, reshape, transpose
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape
from portproof.exporter.tflite.make.window import Window
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import Array, array_of, dtype_of, rank_of, shape_of

_NOTE = "constant lengths, matrices up to 64 MB"


@onnx_op("DFT", since=17, note=_NOTE)
def dft_17(
    b: Builder, x: ir.Value, dft_length: ir.Value | None = None, *, axis: int, inverse: int, onesided: int
) -> ir.Value:
    """The axis is an attribute."""
    return _dft(b, x, dft_length, axis, bool(inverse), bool(onesided))


@onnx_op("DFT", since=20, note=_NOTE)
def dft_20(
    b: Builder,
    x: ir.Value,
    dft_length: ir.Value | None = None,
    axis: ir.Value | None = None,
    *,
    inverse: int,
    onesided: int,
) -> ir.Value:
    """The axis is an input, the last but one if there is none."""
    if axis is not None and array_of(axis) is None:
        return _along_late_axis(b, x, dft_length, axis, bool(inverse), bool(onesided))
    along = -2 if axis is None else constant_ints(axis, "axis")[0]
    return _dft(b, x, dft_length, along, bool(inverse), bool(onesided))


@onnx_op("STFT", since=17, note=f"constant frame_step; {_NOTE}")
def stft(
    b: Builder,
    signal: ir.Value,
    frame_step: ir.Value,
    window: ir.Value | None = None,
    frame_length: ir.Value | None = None,
    *,
    onesided: int,
) -> ir.Value:
    """signal: [B, samples, 1 or 2]; [B, frames, frequencies, 2]. With a constant window it is one convolution."""
    step = constant_ints(frame_step, "frame_step")[0]
    shape = shape_of(signal) if rank_of(signal) == 3 else (*shape_of(signal), 1)
    x = reshape(b, as_float32(b, signal, "STFT"), shape)
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
        y = _by_frames(b, x, window, transform, np.arange(frames)[:, None] * step + np.arange(length))
    return cast(b, reshape(b, y, (shape[0], frames, *transform.out)), dtype_of(signal))


def _check_declared(b: Builder, shape: tuple[int, ...]) -> None:
    """ONNX's shape inference takes a missing `onesided` for 0, its text for 1: what follows would not fit."""
    declared = None if b.source is None else b.source.outputs[0].shape
    if declared is not None and declared.is_static() and tuple(declared.numpy()) != shape:
        raise Refusal(f"ONNX infers the shape {declared}, its text says {list(shape)}", "give the attribute onesided")


def _by_convolution(b: Builder, x: ir.Value, matrix: Array, step: int) -> ir.Value:
    """[B, samples, parts] to [B, frames, out * 2]."""
    outputs, parts, length, inputs = matrix.shape
    kernel = matrix.reshape(outputs * parts, length, inputs).transpose(0, 2, 1)
    window = Window(size=(shape_of(x)[1],), kernel=(length,), stride=(step,), dilation=(1,), pads=((0, 0),))
    y = convolve(b, transpose(b, x, (0, 2, 1)), b.const(np.ascontiguousarray(kernel)), None, window, 1)
    return transpose(b, y, (0, 2, 1))


def _by_frames(b: Builder, x: ir.Value, window: ir.Value | None, transform: Transform, places: Array) -> ir.Value:
    """The frames cut out, times a window that is computed at run time."""
    if window is None:
        raise ValueError("no window to multiply by")
    cut = gather(b, x, places, 1)
    cut = calc(b, "MUL", cut, reshape(b, as_float32(b, window, "STFT"), (transform.length, 1)))
    return _apply(b, cut, transform)


def _dft(b: Builder, x: ir.Value, dft_length: ir.Value | None, axis: int, inverse: bool, onesided: bool) -> ir.Value:
    shape, rank = shape_of(x), rank_of(x)
    along = resolve_axis(axis, rank)
    if along == rank - 1 or shape[-1] not in (1, 2):
        raise Refusal(f"axis {axis} of shape {list(shape)}, whose last axis holds the parts of a number")
    length = 2 * (shape[along] - 1) if inverse and onesided else shape[along]
    if dft_length is not None:
        length = constant_ints(dft_length, "dft_length")[0]
    transform = Transform(size=shape[along], length=length, parts=shape[-1], inverse=inverse, onesided=onesided)
    order = [other for other in range(rank - 1) if other != along] + [along, rank - 1]
    y = _apply(b, transpose(b, as_float32(b, x, "DFT"), order), transform)
    return cast(b, transpose(b, y, [order.index(other) for other in range(rank)]), dtype_of(x))


def _along_late_axis(
    b: Builder, x: ir.Value, dft_length: ir.Value | None, axis: ir.Value, inverse: bool, onesided: bool
) -> ir.Value:
    """Of every axis that gives the declared shape; at run time one is chosen, or it fails on an axis that does not."""
    rank, shape = rank_of(x), declared_shape(b)
    found: list[ir.Value] = []
    numbers = np.full(rank, -1, np.int32)
    for along in range(rank - 1):
        emitted = len(b.nodes)
        y = _dft(b, x, dft_length, along, inverse, onesided)
        if shape_of(y) == shape:
            numbers[along] = len(found)
            found.append(reshape(b, y, (1, *shape)))
        else:
            del b.nodes[emitted:]
    if not found:
        raise Refusal(f"no axis gives the declared shape {list(shape)}")
    wanted = calc(b, "FLOOR_MOD", reshape(b, cast(b, axis, np.int32), ()), rank)
    chosen = b.emit("GATHER", [b.const(numbers), wanted], shape=(), dtype=np.int32, axis=0, batch_dims=0)
    return gather(b, concat(b, found, 0), chosen, 0)


def _apply(b: Builder, x: ir.Value, transform: Transform) -> ir.Value:
    """[..., size, parts] to [..., out, out parts]."""
    batch = shape_of(x)[:-2]
    count, parts = transform.out
    matrix = transform.matrix().reshape(count * parts, transform.size * transform.parts)
    rows = reshape(b, x, (math.prod(batch), matrix.shape[1]))
    return reshape(b, fully_connected(b, rows, matrix), (*batch, count, parts))

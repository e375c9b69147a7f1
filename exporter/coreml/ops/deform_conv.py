"""DeformConv: a convolution whose taps are moved by offsets, each read between the entries of the image."""

import math
from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.interpolate import Tap, between, interpolate, linear_taps
from portproof.exporter.coreml.make.movement import box, concat, reshape, transpose
from portproof.exporter.coreml.make.padding import padded
from portproof.exporter.coreml.make.windows import Window, pool_window
from portproof.exporter.coreml.ops.conv import check_kernel_shape
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, dtype_of, rank_of, shape_of
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("DeformConv", since=19, note="2-D")
def deform_conv(
    b: Builder,
    x: Var,
    w: Var,
    offset: Var,
    bias: Var | None = None,
    mask: Var | None = None,
    *,
    dilations: Sequence[int] | None,
    group: int,
    kernel_shape: Sequence[int] | None,
    offset_group: int,
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Var:
    """x: [N, C, H, W], w: [O, C / group, kernel...]; an offset and a mask for each tap, place and offset group."""
    if rank_of(x) != 4:
        raise Refusal(f"{rank_of(x) - 2} spatial axes", "merge axes with a reshape")
    check_kernel_shape(w, kernel_shape)
    window = pool_window(
        shape_of(x)[2:],
        shape_of(w)[2:],
        strides=strides,
        dilations=dilations,
        auto_pad="NOTSET",
        pads=pads,
        ceil_mode=0,
    )
    with b.exactly():
        samples = _samples(b, x, b.cast(offset, "float32"), window, offset_group)
    if mask is not None:
        weight = reshape(b, mask, (shape_of(x)[0] * offset_group, math.prod(window.kernel), *window.out, 1))
        samples = binary(b, "mul", samples, b.cast(weight, dtype_of(samples)))
    y = _multiplied(b, samples, w, shape_of(x)[0], group)
    y = y if bias is None else binary(b, "add", y, bias)
    return transpose(b, reshape(b, y, (shape_of(x)[0], *window.out, shape_of(w)[0])), (0, 3, 1, 2))


def _samples(b: Builder, x: Var, offset: Var, window: Window, groups: int) -> Var:
    """[N * offset groups, taps, height, width, C / offset groups], of an image in a frame of zeros."""
    n, channels, height, width = shape_of(x)
    count, parts, taps = n * groups, channels // groups, math.prod(window.kernel)
    framed = (height + 2, width + 2)
    image = padded(b, reshape(b, x, (count, parts, height, width)), [(0, 0), (0, 0), (1, 1), (1, 1)])
    rows = reshape(b, transpose(b, image, (0, 2, 3, 1)), (count * math.prod(framed), parts))
    moves = reshape(b, offset, (count * taps, 2, *window.out))
    axes = []
    for axis, size in enumerate(window.size):
        move = reshape(b, box(b, moves, 1, axis, 1), (count, taps, *window.out))
        pair = linear_taps(b, binary(b, "add", move, _base(window, axis)))
        places = [binary(b, "add", between(b, tap.place, -1, size), 1) for tap in pair]
        axes.append([Tap(place=place, weight=tap.weight) for place, tap in zip(places, pair, strict=True)])
    first = (np.arange(count) * math.prod(framed)).reshape(-1, 1, 1, 1).astype(np.int32)
    return interpolate(b, rows, axes, framed, first)


def _base(window: Window, axis: int) -> np.ndarray:
    """Where each tap lies without its offset, along one axis: [1, taps, height, width] with sizes of 1."""
    taps = np.indices(window.kernel)[axis].reshape(-1, 1, 1) * window.dilation[axis]
    steps = np.arange(window.out[axis]) * window.stride[axis] - window.declared[axis][0]
    places: np.ndarray = taps + steps.reshape((-1, 1) if axis == 0 else (1, -1))
    return places[None]


def _multiplied(b: Builder, samples: Var, w: Var, n: int, group: int) -> Var:
    """The samples of each place times the weights of each group: [N * height * width, O]."""
    count, taps, height, width, parts = shape_of(samples)
    places, groups = height * width, count // n
    apart = transpose(b, reshape(b, samples, (n, groups, taps, places, parts)), (0, 3, 1, 4, 2))
    columns = reshape(b, apart, (n * places, groups * parts * taps))
    outputs, inputs = shape_of(w)[:2]
    weights = reshape(b, w, (outputs, inputs * taps))
    products = []
    for part in range(group):
        xs = box(b, columns, 1, part * inputs * taps, inputs * taps)
        ws = box(b, weights, 0, part * (outputs // group), outputs // group)
        products.append(b.emit("matmul", x=xs, y=ws, transpose_x=False, transpose_y=True))
    return concat(b, products, 1)

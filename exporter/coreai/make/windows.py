"""Windows that move over spatial axes: padding in front of them, and one spatial axis as two."""

from collections.abc import Sequence

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.tensors import Tensor


def pads_of(
    auto_pad: str,
    pads: Sequence[int] | None,
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> list[int]:
    """What to put in front of and behind each spatial axis: all starts, then all ends, as ONNX has them."""
    if auto_pad in ("", "NOTSET"):
        return list(pads or [0] * 2 * len(sizes))
    if auto_pad == "VALID":
        return [0] * 2 * len(sizes)
    totals = [
        max((-(-size // step) - 1) * step + (tap - 1) * gap + 1 - size, 0)
        for size, tap, step, gap in zip(sizes, kernel, strides, dilations, strict=True)
    ]
    less, more = [total // 2 for total in totals], [total - total // 2 for total in totals]
    return less + more if auto_pad == "SAME_UPPER" else more + less


def with_pads(b: Builder, x: Tensor, pads: Sequence[int], number: float, mode: str = "constant") -> Tensor:
    """`x` with entries around its last axes.

    Args:
        b: the builder.
        x: the tensor.
        pads: all starts, then all ends; not negative.
        number: what to put there in the mode ``"constant"``.
        mode: one of Core AI's.
    """
    if not any(pads):
        return x
    count = len(pads) // 2
    pairs = [[0, 0]] * (x.rank - count) + [[pads[k], pads[k + count]] for k in range(count)]
    return b.emit("pad", x, np.array(pairs, np.uint32).reshape(-1), b.like(number, x), mode)


def as_planes(b: Builder, x: Tensor) -> Tensor:
    """`x` with two spatial axes at least: Core AI has no windows over one."""
    return b.reshape(x, (*x.shape[:2], 1, x.shape[2])) if x.rank == 3 else x


def planes_back(b: Builder, y: Tensor, spatial: int) -> Tensor:
    """The inverse of `as_planes`."""
    return b.reshape(y, (*y.shape[:2], y.shape[3])) if spatial == 1 else y

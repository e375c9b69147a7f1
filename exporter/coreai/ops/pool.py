"""Pooling."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from portproof.exporter.coreai.builder import Builder
from portproof.exporter.coreai.make.windows import as_planes, pads_of, planes_back, with_pads
from portproof.exporter.coreai.registry import onnx_op
from portproof.exporter.coreai.tensors import Tensor
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("GlobalAveragePool", "GlobalMaxPool", since=1)
def global_pool(b: Builder, x: Tensor, *, op_type: str) -> Tensor:
    """Over all spatial axes."""
    op = "reduce_mean" if op_type == "GlobalAveragePool" else "reduce_max"
    return b.emit(op, x, np.arange(2, x.rank, dtype=np.int32))


@onnx_op("MaxPool", since=1, note="without indices; floats")
def max_pool(
    b: Builder,
    x: Tensor,
    *,
    auto_pad: str,
    ceil_mode: int | None,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    storage_order: int | None,
    strides: Sequence[int] | None,
) -> Tensor:
    """Behind minus infinity; rounding up is padding at the end."""
    if b.source is not None and len(b.source.outputs) > 1:
        raise Refusal("the places of the largest values are not written")
    if not x.is_float:
        raise Refusal(f"windows over {x.dtype} are not written", "pool in float32")
    window = _Window(x, kernel_shape, strides, dilations, auto_pad, pads, ceil_mode)
    padded = as_planes(b, with_pads(b, x, window.full, -math.inf))
    kernel, steps, gaps = window.arrays()
    y = b.emit(window.name("maxpool"), _result(padded, kernel, steps, gaps), padded, kernel, steps, gaps, False)
    return planes_back(b, y, x.rank - 2)


@onnx_op("AveragePool", since=1)
def average_pool(
    b: Builder,
    x: Tensor,
    *,
    auto_pad: str,
    ceil_mode: int | None,
    count_include_pad: int | None,
    dilations: Sequence[int] | None,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None,
    strides: Sequence[int] | None,
) -> Tensor:
    """Sums, divided by how many entries each window has: constants."""
    window = _Window(x, kernel_shape, strides, dilations, auto_pad, pads, ceil_mode)
    padded = as_planes(b, with_pads(b, x, window.full, 0.0))
    sums = planes_back(b, b.emit(window.name("sumpool"), padded, *window.arrays()), x.rank - 2)
    return b.emit("broadcasting_divide", sums, window.counts(bool(count_include_pad)).astype(x.dtype))


class _Window:
    """What ONNX says of windows, in numbers.

    Attributes:
        pads: all starts, then all ends, as ONNX counts them.
        full: the same with what rounding up needs at the ends.
    """

    def __init__(
        self,
        x: Tensor,
        kernel: Sequence[int],
        strides: Sequence[int] | None,
        dilations: Sequence[int] | None,
        auto_pad: str,
        pads: Sequence[int] | None,
        ceil_mode: int | None,
    ) -> None:
        self.count = len(kernel)
        if x.rank != self.count + 2 or not 1 <= self.count <= 3:
            raise Refusal(f"windows of {self.count} axes over a tensor of {x.rank} are not written")
        self.sizes, self.kernel = x.shape[2:], list(kernel)
        self.strides, self.dilations = list(strides or [1] * self.count), list(dilations or [1] * self.count)
        self.pads = pads_of(auto_pad, pads, self.sizes, self.kernel, self.strides, self.dilations)
        rounds_up = bool(ceil_mode) and auto_pad in ("", "NOTSET")
        more = [self._more(k) if rounds_up else 0 for k in range(self.count)]
        self.full = self.pads[: self.count] + [p + m for p, m in zip(self.pads[self.count :], more, strict=True)]

    def name(self, op: str) -> str:
        """The operator for so many axes."""
        return f"{op}3d" if self.count == 3 else f"{op}2d"

    def arrays(self) -> list[Any]:
        """Kernel, strides and dilations as Core AI takes them."""
        lead = [1] * (2 - self.count)
        return [np.array(lead + numbers, np.uint32) for numbers in (self.kernel, self.strides, self.dilations)]

    def counts(self, with_pads: bool) -> Any:
        """How many entries each window has, those of the padding too or not: int64 [...], one for each place."""
        axes = [self._counts(k, with_pads) for k in range(self.count)]
        return math.prod(axis.reshape([-1 if k == n else 1 for n in range(self.count)]) for k, axis in enumerate(axes))

    def _counts(self, k: int, with_pads: bool) -> Any:
        low, high = (0, self._padded(k)) if with_pads else (self.pads[k], self.pads[k] + self.sizes[k])
        starts = np.arange(0, self._padded(k, full=True) - self._reach(k) + 1, self.strides[k])
        places = starts[:, None] + np.arange(self.kernel[k]) * self.dilations[k]
        return ((places >= low) & (places < high)).sum(axis=1)

    def _reach(self, k: int) -> int:
        return (self.kernel[k] - 1) * self.dilations[k] + 1

    def _padded(self, k: int, *, full: bool = False) -> int:
        pads = self.full if full else self.pads
        return pads[k] + self.sizes[k] + pads[k + self.count]

    def _more(self, k: int) -> int:
        """What the last window needs that starts inside of the input, when sizes are rounded up."""
        whole = self._padded(k)
        steps = -(-(whole - self._reach(k)) // self.strides[k])
        if steps * self.strides[k] >= self.pads[k] + self.sizes[k]:
            steps -= 1
        return max(steps * self.strides[k] + self._reach(k) - whole, 0)


def _result(x: Tensor, kernel: Any, strides: Any, dilations: Any) -> Any:
    """The type of the result, which Core AI asks for."""
    from coreai.authoring import TensorType

    reach = (kernel.astype(int) - 1) * dilations + 1
    sizes = (np.array(x.shape[2:]) - reach) // strides + 1
    return TensorType((*x.shape[:2], *map(int, sizes)), x.dtype.type)

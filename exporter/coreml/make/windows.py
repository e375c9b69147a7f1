"""Sliding windows: ONNX's paddings in MIL's words, and where the windows of a pool lie."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portproof.exporter.coreml.values import Array, Var
from portproof.exporter.lowering.refusal import Refusal

Pads = list[tuple[int, int]]
"""(before, after) for each spatial axis."""
_AUTO = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": "valid"}


def padding(
    x: Var, auto_pad: str, pads: Sequence[int] | None, reach: Sequence[int], stride: Sequence[int]
) -> dict[str, Any]:
    """MIL's `pad_type`, with `pad` where it is custom.

    SAME_* is written out where the sizes are known: what MIL's ``same`` pads is documented in two ways that differ
    with strides, and ``same_lower`` is new in iOS16.

    Args:
        x: [N, C, spatial...].
        auto_pad: ONNX's.
        pads: ONNX's: all beginnings, then all ends.
        reach: the kernel's extent with dilation.
        stride: steps.
    """
    size = spatial(x)
    if size is None and auto_pad in _AUTO:
        return {"pad_type": _AUTO[auto_pad]}
    return explicit(resolve_pads(auto_pad, pads, size or [0] * len(reach), reach, stride))


def explicit(pads: Pads) -> dict[str, Any]:
    """MIL's words for pads that are known.

    Raises:
        Refusal: negative ones.
    """
    flat = [width for widths in pads for width in widths]
    if any(width < 0 for width in flat):
        raise Refusal("negative pads", "slice the input instead")
    return {"pad_type": "custom", "pad": flat} if any(flat) else {"pad_type": "valid"}


def spatial(x: Var) -> list[int] | None:
    """The sizes behind batch and channels, None when one is known only at run time."""
    sizes = x.shape[2:]
    return [int(size) for size in sizes] if all(isinstance(size, int | np.integer) for size in sizes) else None


def resolve_pads(
    auto_pad: str, pads: Sequence[int] | None, size: Sequence[int], reach: Sequence[int], stride: Sequence[int]
) -> Pads:
    """The pads that ONNX's `auto_pad` and `pads` mean.

    Raises:
        Refusal: the last step of a SAME window ends two or more elements before the end. ONNX Runtime begins the
            first one inside the input then, TensorFlow at its edge, and ONNX does not say.
    """
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        ends = [(math.ceil(n / s) - 1) * s + r - n for n, r, s in zip(size, reach, stride, strict=True)]
        if min(ends, default=0) < -1:
            raise Refusal(f"auto_pad={auto_pad} with strides much longer than the kernel", "give pads instead")
        halves = [(max(end, 0) // 2, max(end, 0) - max(end, 0) // 2) for end in ends]
        return halves if auto_pad == "SAME_UPPER" else [(large, small) for small, large in halves]
    if auto_pad == "VALID" or not pads:
        return [(0, 0)] * len(reach)
    return [(pads[axis], pads[axis + len(reach)]) for axis in range(len(reach))]


@dataclass(frozen=True, kw_only=True)
class Window:
    """A window that slides over the spatial axes of a pool's input; every field holds one entry an axis.

    Attributes:
        size: input sizes.
        kernel: kernel sizes, before dilation.
        stride: steps.
        dilation: distances between taps.
        declared: the pads of the ONNX node.
        pads: those with which rounding down gives `out`: `ceil_mode` reaches further, a stride that does not fit less.
        out: output sizes.
    """

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    declared: tuple[tuple[int, int], ...]
    pads: tuple[tuple[int, int], ...]
    out: tuple[int, ...]

    @property
    def dilated(self) -> bool:
        """Whether taps lie apart."""
        return any(k > 1 and d > 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def counts(self, *, padding: bool) -> Array:
        """How many taps of each step lie on elements, or on the node's own `padding` too: int [out...].

        Raises:
            Refusal: a step has none, which leaves its result open.
        """
        total = np.ones((), np.int64)
        for places, size, (before, after) in zip(self.places(), self.size, self.declared, strict=True):
            inside = (places >= -before * padding) & (places < size + after * padding)
            total = np.multiply.outer(total, inside.sum(axis=1))
        if (total == 0).any():
            raise Refusal("a window holds nothing but padding", "use pads smaller than the kernel")
        return np.asarray(total)

    def places(self) -> list[Array]:
        """Where the taps of each step lie, for each axis by itself: int [out, kernel]."""
        fields = zip(self.out, self.stride, self.pads, self.kernel, self.dilation, strict=True)
        return [(np.arange(out) * s - pad[0])[:, None] + np.arange(k) * d for out, s, pad, k, d in fields]


def pool_window(
    size: Sequence[int],
    kernel: Sequence[int],
    *,
    strides: Sequence[int] | None,
    dilations: Sequence[int] | None,
    auto_pad: str,
    pads: Sequence[int] | None,
    ceil_mode: int,
) -> Window:
    """The window of an ONNX pool.

    With `ceil_mode` a step that would begin in the padding behind is left out, as torch does and ONNX's shape
    inference since opset 19.

    Raises:
        Refusal: negative pads, of which ONNX does not say what they mean.
    """
    stride, dilation = tuple(strides or [1] * len(size)), tuple(dilations or [1] * len(size))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    declared = resolve_pads(auto_pad, pads, size, reach, stride)
    explicit(declared)
    ends, outs = [], []
    for n, r, s, (before, after) in zip(size, reach, stride, declared, strict=True):
        room = n + before + after - r
        out = (math.ceil(room / s) if ceil_mode else room // s) + 1
        out -= bool(ceil_mode and (out - 1) * s >= n + before)
        outs.append(out)
        ends.append((before, max((out - 1) * s + r - n - before, 0)))
    return Window(
        size=tuple(size),
        kernel=tuple(kernel),
        stride=stride,
        dilation=dilation,
        declared=tuple(declared),
        pads=tuple(ends),
        out=tuple(outs),
    )

"""Sliding windows: ONNX's paddings in terms of TFLite's SAME, VALID and an explicit PAD."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from portproof.exporter.lowering.refusal import Refusal

Pads = list[tuple[int, int]]
_FOR_ANY_SIZE: ContextVar[bool] = ContextVar("for_any_size", default=False)


@contextmanager
def for_any_size(on: bool = True) -> Iterator[None]:
    """Within it, no padding is chosen that is the one wanted at the size at hand only."""
    token = _FOR_ANY_SIZE.set(on)
    try:
        yield
    finally:
        _FOR_ANY_SIZE.reset(token)


def is_for_any_size() -> bool:
    """Whether a form is wanted that is right at every size: see `for_any_size`."""
    return _FOR_ANY_SIZE.get()


@dataclass(frozen=True, kw_only=True)
class Window:
    """The spatial part of a convolution or a pool; one entry for each spatial axis.

    Attributes:
        size: input sizes.
        kernel: kernel sizes, before dilation.
        stride: steps.
        dilation: distances between taps.
        pads: (before, after) as resolved from the node, not negative.
    """

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]

    @property
    def reach(self) -> tuple[int, ...]:
        """The kernel's extent with dilation."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def out(self) -> tuple[int, ...]:
        """Output sizes, rounded down."""
        return tuple(
            (n + sum(p) - r) // s + 1 for n, p, r, s in zip(self.size, self.pads, self.reach, self.stride, strict=True)
        )

    def with_height(self) -> "Window":
        """A window over one axis as one over two, the first of size 1."""
        return Window(
            size=(1, *self.size),
            kernel=(1, *self.kernel),
            stride=(1, *self.stride),
            dilation=(1, *self.dilation),
            pads=((0, 0), *self.pads),
        )

    def padding(self) -> str | None:
        """The TFLite padding with the same meaning, or None when an explicit PAD is needed.

        SAME pads so that the output has ceil(size / stride) elements, the odd one behind
        (`ComputePaddingHeightWidth` in TFLite's `kernels/padding.h`). With a stride what it pads depends on the size:
        see `for_any_size`.
        """
        if not any(before or after for before, after in self.pads):
            return "VALID"
        if is_for_any_size() and any(stride > 1 for stride in self.stride):
            return None
        return "SAME" if list(self.pads) == same_pads(self.size, self.reach, self.stride) else None


def same_pads(size: Sequence[int], reach: Sequence[int], stride: Sequence[int], *, upper: bool = True) -> Pads:
    """(before, after) for each axis so that the output has ceil(size / stride) elements; `upper`: odd one behind."""
    pads = []
    for n, r, s in zip(size, reach, stride, strict=True):
        total = max((math.ceil(n / s) - 1) * s + r - n, 0)
        small, large = total // 2, total - total // 2
        pads.append((small, large) if upper else (large, small))
    return pads


def resolve_pads(
    auto_pad: str, pads: Sequence[int] | None, size: Sequence[int], reach: Sequence[int], stride: Sequence[int]
) -> Pads:
    """The pads that ONNX's `auto_pad` and `pads` mean, as (before, after) for each spatial axis.

    Raises:
        Refusal: the last step of a SAME window ends two or more elements before the end. ONNX Runtime begins the
            first one inside the input then, TensorFlow at its edge, and ONNX does not say.
    """
    rank = len(size)
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        ends = [(math.ceil(n / s) - 1) * s + r - n for n, r, s in zip(size, reach, stride, strict=True)]
        if min(ends, default=0) < -1:
            raise Refusal(f"auto_pad={auto_pad} with strides much longer than the kernel", "give pads instead")
        return same_pads(size, reach, stride, upper=auto_pad == "SAME_UPPER")
    if auto_pad == "VALID" or not pads:
        return [(0, 0)] * rank
    return [(pads[axis], pads[axis + rank]) for axis in range(rank)]


def pool_window(
    size: Sequence[int],
    kernel: Sequence[int],
    *,
    strides: Sequence[int] | None,
    dilations: Sequence[int] | None,
    auto_pad: str,
    pads: Sequence[int] | None,
    ceil_mode: int,
) -> tuple[Window, Pads]:
    """The window of an ONNX pool, and the pads that the node itself declares.

    The window's pads behind are what its last step reaches, which `ceil_mode` makes more than declared and a
    stride that does not fit makes less. With `ceil_mode` a step that would begin in the padding behind is left
    out, as torch does and ONNX's shape inference since opset 19. `for_any_size` they are the most that it may reach.

    Raises:
        Refusal: negative pads, of which ONNX does not say what they mean.
    """
    stride, dilation = tuple(strides or [1] * len(size)), tuple(dilations or [1] * len(size))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    declared = resolve_pads(auto_pad, pads, size, reach, stride)
    if any(width < 0 for widths in declared for width in widths):
        raise Refusal("negative pads", "slice the input instead")
    ends = []
    for n, r, s, (before, after) in zip(size, reach, stride, declared, strict=True):
        room = n + before + after - r
        out = (math.ceil(room / s) if ceil_mode else room // s) + 1
        if ceil_mode and (out - 1) * s >= n + before:
            out -= 1
        behind = after + (s - 1 if ceil_mode else 0)
        if is_for_any_size() and (not ceil_mode or behind < r):
            ends.append((before, behind))  # what does not make a whole step is not read
        else:
            ends.append((before, max((out - 1) * s + r - n - before, 0)))
    window = Window(size=tuple(size), kernel=tuple(kernel), stride=stride, dilation=dilation, pads=tuple(ends))
    return window, declared

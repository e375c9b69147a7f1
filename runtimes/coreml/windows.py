"""Where the windows of a convolution or a pool lie: padding before and after each spatial axis.

``same`` pads so that there are ceil(size / stride) windows, as TensorFlow does: half of what is missing before the
axis, the rest after it; ``same_lower`` has the larger half before. The documentation of `conv` also gives a formula
that does not know the stride; it agrees where strides are 1, and contradicts the number of windows elsewhere.
"""

from collections.abc import Sequence

Pads = list[tuple[int, int]]
"""Elements before and after, one pair for each spatial axis."""


def per_axis(name: str, values: Sequence[int] | None, rank: int, *, least: int = 1) -> list[int]:
    """A parameter with one number for each spatial axis, all `least` where it is left out.

    Raises:
        ValueError: another count, or a number below `least`.
    """
    if values is None:
        return [least] * rank
    if len(values) != rank or any(value < least for value in values):
        raise ValueError(f"{name} has to hold {rank} numbers of {least} or more, not {list(values)}")
    return list(values)


def pads_of(
    pad_type: str,
    pad: Sequence[int] | None,
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
) -> Pads:
    """The padding of each axis.

    Args:
        pad_type: ``valid``, ``custom``, ``same`` or ``same_lower``.
        pad: of ``custom``: before and after the first axis, the second, and so on; not looked at for the others.
        sizes: of the input.
        kernel: what one window spans, dilation included.
        strides: from one window to the next.

    Raises:
        ValueError: an unknown `pad_type`, or a `pad` that does not fit it.
    """
    if pad_type == "valid":
        return [(0, 0)] * len(sizes)
    if pad_type == "custom":
        flat = per_axis("pad", pad, 2 * len(sizes), least=0)
        return list(zip(flat[::2], flat[1::2], strict=True))
    if pad_type in ("same", "same_lower"):
        return [_same(*each, pad_type == "same_lower") for each in zip(sizes, kernel, strides, strict=True)]
    raise ValueError(f"there is no pad_type {pad_type!r}")


def _same(size: int, kernel: int, stride: int, lower: bool) -> tuple[int, int]:
    missing = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    small, large = missing // 2, missing - missing // 2
    return (large, small) if lower else (small, large)


def spans(kernel: Sequence[int], dilations: Sequence[int]) -> list[int]:
    """What a window spans on each axis."""
    return [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations, strict=True)]


def symmetric(pads: Pads) -> list[int] | None:
    """One number for each axis where all axes are padded alike on both sides, else None."""
    if all(before == after for before, after in pads):
        return [before for before, _ in pads]
    return None


def flat(pads: Pads) -> list[int]:
    """As `torch.nn.functional.pad` takes them: the last axis first."""
    return [amount for pair in reversed(pads) for amount in pair]

"""Rules on kernels and strides of convolutions and pools, in TFLite's terms."""

from portproof.device_profiles.op_rules.facts import OpFacts
from portproof.device_profiles.op_rules.registry import Refused, op_rule


def strides(op: OpFacts) -> tuple[int, int]:
    """(height, width) of the step."""
    return op.integer("stride_h", 1), op.integer("stride_w", 1)


def dilations(op: OpFacts) -> tuple[int, int]:
    """(height, width) of the distance between the elements of a kernel."""
    return op.integer("dilation_h_factor", 1), op.integer("dilation_w_factor", 1)


def window(op: OpFacts) -> tuple[int, int]:
    """(height, width) of a pool's window, or of a convolution's weights [O, H, W, I]."""
    height, width = op.integer("filter_height", 0), op.integer("filter_width", 0)
    weights = op.input(1)
    if not height and weights is not None and weights.rank == 4:
        height, width = weights.sizes[1:3]
    return height, width


@op_rule
def strides_at_most(op: OpFacts, *, most: int, beyond_valid: bool = False) -> Refused | None:
    """Steps are no longer than so many.

    Args:
        op: the operator.
        most: the longest step in either direction.
        beyond_valid: longer ones are taken without padding and dilation.
    """
    free = beyond_valid and dilations(op) == (1, 1) and op.text("padding", "VALID") == "VALID"
    if max(strides(op)) <= most or free:
        return None
    height, width = strides(op)
    why = f"its stride is {height} x {width}, it takes {most} at most"
    return Refused(why=why + (" with padding or dilation" if beyond_valid else ""), hint="split it into shorter steps")


@op_rule
def window_at_most(
    op: OpFacts,
    *,
    padding: str = "",
    area: int = 0,
    height: int = 0,
    width: int = 0,
    dilated: bool = False,
) -> Refused | None:
    """A window is no larger than so many elements.

    Args:
        op: the operator.
        padding: of the operators that this holds for; all where empty.
        area: the most elements.
        height: the most rows.
        width: the most columns.
        dilated: count the elements that a dilated kernel spans.
    """
    if padding and op.text("padding", "VALID") != padding:
        return None
    rows, columns = window(op)
    if dilated:
        rows, columns = ((size - 1) * step + 1 for size, step in zip((rows, columns), dilations(op), strict=True))
    hint = "make it of smaller windows, one behind the other"
    if area and rows * columns > area:
        return Refused(why=f"its window of {rows} x {columns} has more than {area} elements", hint=hint)
    if height and rows > height:
        return Refused(why=f"its window is {rows} high, it takes {height} at most", hint=hint)
    if width and columns > width:
        return Refused(why=f"its window is {columns} wide, it takes {width} at most", hint=hint)
    return None


@op_rule
def transposed_convolution(op: OpFacts, *, strided: bool = True) -> Refused | None:
    """Vela's limits of TRANSPOSE_CONV: the size that its padding gives, and the steps that its kernels have.

    Args:
        op: inputs are the output's shape, weights [O, H, W, I], the image [N, H, W, I].
        strided: whether steps are limited too (Ethos-U55 and U65).
    """
    weights, image = op.input(1), op.input(2)
    if weights is None or image is None or image.rank != 4 or not op.outputs:
        return None
    steps, kernel = strides(op), window(op)
    size, made = image.sizes[1:3], op.outputs[0].sizes[1:3]
    more = (
        [0, 0] if op.text("padding", "VALID") == "SAME" else [max(k - s, 0) for k, s in zip(kernel, steps, strict=True)]
    )
    expected = tuple(n * s + m for n, s, m in zip(size, steps, more, strict=True))
    if tuple(made) != expected:
        return Refused(
            why=f"it makes {made[0]} x {made[1]}, its padding gives {expected[0]} x {expected[1]}",
            hint="choose padding and output padding so that an image of stride times its size comes out",
        )
    rows = steps == (1, 2) and size[0] == 1 and kernel[0] == 1
    columns = steps == (2, 1) and size[1] == 1 and kernel[1] == 1
    if strided and steps not in ((1, 1), (2, 2)) and not rows and not columns:
        return Refused(why=f"its stride is {steps[0]} x {steps[1]}, it takes 1 x 1 and 2 x 2")
    return None


@op_rule
def kernel_covers_stride(op: OpFacts) -> Refused | None:
    """TRANSPOSE_CONV: no element of the result lies between two windows."""
    if all(size >= step for size, step in zip(window(op), strides(op), strict=True)):
        return None
    return Refused(why=f"its stride {strides(op)} is longer than its kernel {window(op)}", hint="resize instead")

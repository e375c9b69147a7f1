"""Matrix products. Sums are accumulated in float32."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.dtypes import DTYPES
from portproof.runtimes.coreml.program import TensorType
from portproof.runtimes.coreml.registry import mil_op

_EINSUM = {"abcd,adce->abce", "abc,cbd->abd"}


@mil_op("linear")
def linear(x: torch.Tensor, weight: torch.Tensor, context: Context, bias: torch.Tensor | None = None) -> torch.Tensor:
    """x @ weight.T + bias: `x` [..., inputs], `weight` [outputs, inputs], `bias` [outputs]."""
    if weight.dim() != 2:
        raise ValueError(f"the weight of a linear operator is a matrix, not of shape {list(weight.shape)}")
    if x.dtype is torch.float32 is weight.dtype and (bias is None or bias.dtype is torch.float32):
        return F.linear(x, weight, bias)
    x, weight = _as_declared(x, context), _as_declared(weight, context)
    result = torch.matmul(x, weight.t())
    return result if bias is None else result + _as_declared(bias, context)


@mil_op("matmul")
def matmul(
    x: torch.Tensor, y: torch.Tensor, context: Context, transpose_x: bool = False, transpose_y: bool = False
) -> torch.Tensor:
    """x @ y with numpy's broadcasting; the last two axes are exchanged where asked, of vectors never."""
    if transpose_x and x.dim() > 1:
        x = x.transpose(-1, -2)
    if transpose_y and y.dim() > 1:
        y = y.transpose(-1, -2)
    if x.dtype is not y.dtype:
        x, y = _as_declared(x, context), _as_declared(y, context)
    return torch.matmul(x, y)


def _as_declared(x: torch.Tensor, context: Context) -> torch.Tensor:
    """One of several operands that may differ in type (iOS 17), in a type of the kind that the result is declared.

    Raises:
        ValueError: a fraction among whole numbers: where it is dropped is not documented.
    """
    kind = context.outputs[0].type
    if not isinstance(kind, TensorType) or DTYPES[kind.dtype].kind != "int":
        return x.to(torch.float32)
    if x.dtype.is_floating_point and not torch.equal(x, x.trunc()):
        raise ValueError("fractions are multiplied to whole numbers, and nothing says how they are rounded")
    return x.to(torch.int32)


@mil_op("einsum")
def einsum(values: list[torch.Tensor], equation: str) -> torch.Tensor:
    """[B, C, H, W1] x [B, W1, H, W2] -> [B, C, H, W2], also without B; sizes of 1 are broadcast along B and H."""
    if len(values) != 2 or _canonical(equation) not in _EINSUM:
        raise ValueError(
            f"einsum of {len(values)} tensors by {equation!r}: only nchw,nwhu->nchu and chw,whr->chr exist"
        )
    return torch.einsum(_canonical(equation), *values)


def _canonical(equation: str) -> str:
    """With the letters a, b, c ... in the order in which they come."""
    names: dict[str, str] = {}
    for letter in equation.replace(" ", ""):
        if letter.isalpha():
            names.setdefault(letter, chr(ord("a") + len(names)))
    return "".join(names.get(letter, letter) for letter in equation.replace(" ", ""))

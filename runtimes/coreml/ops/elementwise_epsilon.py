"""Functions that add an epsilon to their input, so that nothing is divided by zero.

Epsilon has the type of the input where it is left out, so that most defaults of a float16 operator are zero.
"""

import torch

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.program import TensorType
from portproof.runtimes.coreml.registry import mil_op
from portproof.runtimes.coreml.results import to_float16


def _default(value: float, context: Context) -> float:
    kind = context.outputs[0].type
    if isinstance(kind, TensorType) and kind.dtype == "float16":
        return float(to_float16(torch.tensor(value)))
    return value


@mil_op("inverse")
def inverse(x: torch.Tensor, context: Context, epsilon: float | None = None) -> torch.Tensor:
    """1 / (x + epsilon), epsilon 1e-4 by default."""
    return torch.reciprocal(x + (_default(1e-4, context) if epsilon is None else epsilon))


@mil_op("log")
def log(x: torch.Tensor, context: Context, epsilon: float | None = None) -> torch.Tensor:
    """Natural logarithm of x + epsilon, epsilon 1e-45 by default."""
    return torch.log(x + (_default(1e-45, context) if epsilon is None else epsilon))


@mil_op("rsqrt")
def rsqrt(x: torch.Tensor, context: Context, epsilon: float | None = None) -> torch.Tensor:
    """1 / sqrt(x + epsilon), epsilon 1e-12 by default."""
    return torch.rsqrt(x + (_default(1e-12, context) if epsilon is None else epsilon))

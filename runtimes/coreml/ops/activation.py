"""Activations.

Formulas are those of the MIL operators' documentation. `alpha` and `beta` are vectors only where it says so.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml.registry import mil_op


@mil_op("relu", exact=True)
def relu(x: torch.Tensor) -> torch.Tensor:
    """max(0, x)."""
    return F.relu(x)


@mil_op("relu6", exact=True)
def relu6(x: torch.Tensor) -> torch.Tensor:
    """min(max(0, x), 6)."""
    return x.clamp(0.0, 6.0)


@mil_op("clamped_relu")
def clamped_relu(x: torch.Tensor, alpha: float, beta: float) -> torch.Tensor:
    """min(beta, x) where x >= 0, min(beta, alpha * x) elsewhere."""
    return F.leaky_relu(x, alpha).clamp(max=beta)


@mil_op("leaky_relu")
def leaky_relu(x: torch.Tensor, alpha: float) -> torch.Tensor:
    """Alpha * x where x is negative."""
    return F.leaky_relu(x, alpha)


@mil_op("thresholded_relu", exact=True)
def thresholded_relu(x: torch.Tensor, alpha: float) -> torch.Tensor:
    """Zero where x < alpha."""
    return torch.where(x < alpha, torch.zeros_like(x), x)


@mil_op("prelu")
def prelu(x: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
    """alpha[channel] * x where x is negative; `x` of rank 3 to 5, channels on axis 1."""
    if x.dim() not in (3, 4, 5) or alpha.shape != x.shape[1:2]:
        raise ValueError(f"alpha of shape {list(alpha.shape)} does not give each channel of {list(x.shape)} a number")
    return F.prelu(x, alpha.to(x.dtype))


@mil_op("elu")
def elu(x: torch.Tensor, alpha: float) -> torch.Tensor:
    """Alpha * (exp(x) - 1) where x is not positive."""
    return torch.where(x > 0, x, alpha * torch.expm1(x))


@mil_op("gelu")
def gelu(x: torch.Tensor, mode: str = "EXACT") -> torch.Tensor:
    """x * P(X <= x) for a normal X, exactly or by one of two approximations."""
    if mode == "EXACT":
        return F.gelu(x)
    if mode == "TANH_APPROXIMATION":
        return F.gelu(x, approximate="tanh")
    if mode == "SIGMOID_APPROXIMATION":
        return x * torch.sigmoid(1.702 * x)
    raise ValueError(f"gelu has no mode {mode!r}")


@mil_op("linear_activation")
def linear_activation(x: torch.Tensor, alpha: float, beta: float) -> torch.Tensor:
    """Alpha * x + beta."""
    return x * alpha + beta


@mil_op("scaled_tanh")
def scaled_tanh(x: torch.Tensor, alpha: float, beta: float) -> torch.Tensor:
    """Alpha * tanh(beta * x)."""
    return alpha * torch.tanh(x * beta)


@mil_op("sigmoid")
def sigmoid(x: torch.Tensor) -> torch.Tensor:
    """1 / (1 + exp(-x))."""
    return torch.sigmoid(x)


@mil_op("sigmoid_hard")
def sigmoid_hard(x: torch.Tensor, alpha: float, beta: float) -> torch.Tensor:
    """min(max(alpha * x + beta, 0), 1)."""
    return (x * alpha + beta).clamp(0.0, 1.0)


@mil_op("silu")
def silu(x: torch.Tensor) -> torch.Tensor:
    """x * sigmoid(x)."""
    return F.silu(x)


@mil_op("softplus")
def softplus(x: torch.Tensor) -> torch.Tensor:
    """log(1 + exp(x)), without overflow."""
    return _softplus(x)


@mil_op("softplus_parametric")
def softplus_parametric(x: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
    """Alpha * log(1 + exp(beta * x)), with an alpha and a beta for each channel (axis 1)."""
    if x.dim() < 3 or alpha.shape != x.shape[1:2] or beta.shape != x.shape[1:2]:
        raise ValueError(f"alpha and beta do not give each channel of {list(x.shape)} a number")
    each = (-1, *[1] * (x.dim() - 2))
    return alpha.reshape(each) * _softplus(x * beta.reshape(each))


def _softplus(x: torch.Tensor) -> torch.Tensor:
    return torch.clamp(x, min=0.0) + torch.log1p(torch.exp(-x.abs()))


@mil_op("softmax")
def softmax(x: torch.Tensor, axis: int = -1) -> torch.Tensor:
    """exp(x) / sum(exp(x)) along `axis`."""
    return torch.softmax(x, axis)


@mil_op("softsign")
def softsign(x: torch.Tensor) -> torch.Tensor:
    """x / (1 + |x|)."""
    return F.softsign(x)

"""Normalisations. Means and variances are computed in float32, whatever is declared."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml.registry import mil_op


@mil_op("batch_norm")
def batch_norm(
    x: torch.Tensor,
    mean: torch.Tensor,
    variance: torch.Tensor,
    gamma: torch.Tensor | None = None,
    beta: torch.Tensor | None = None,
    epsilon: float = 1e-5,
) -> torch.Tensor:
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, each of a number for each channel (axis 1)."""
    _check_rank("batch_norm", x, 3, 5)
    return F.batch_norm(x, mean, variance, gamma, beta, training=False, eps=epsilon)


@mil_op("instance_norm")
def instance_norm(
    x: torch.Tensor, gamma: torch.Tensor | None = None, beta: torch.Tensor | None = None, epsilon: float = 1e-5
) -> torch.Tensor:
    """Each channel of each image by its own mean and variance."""
    _check_rank("instance_norm", x, 3, 4)
    each = [-1, *[1] * (x.dim() - 2)]
    result = F.layer_norm(x, x.shape[2:], eps=epsilon)
    if gamma is not None:
        result = result * gamma.reshape(each)
    return result if beta is None else result + beta.reshape(each)


@mil_op("l2_norm")
def l2_norm(x: torch.Tensor, epsilon: float = 1e-6) -> torch.Tensor:
    """X / sqrt(sum(x²) + epsilon) over the last three axes."""
    if x.dim() < 3:
        raise ValueError(f"l2_norm needs three axes at least, not {x.dim()}")
    return x * torch.rsqrt(x.square().sum((-3, -2, -1), keepdim=True) + epsilon)


@mil_op("layer_norm")
def layer_norm(
    x: torch.Tensor,
    axes: list[int] | None = None,
    gamma: torch.Tensor | None = None,
    beta: torch.Tensor | None = None,
    epsilon: float = 1e-5,
) -> torch.Tensor:
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta over `axes`; gamma and beta have the shape of these axes."""
    rank = x.dim()
    chosen = sorted(_axis(axis, rank) for axis in (range(rank) if axes is None else axes))
    shape = [x.shape[axis] for axis in chosen]
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        if parameter is not None and list(parameter.shape) != shape:
            raise ValueError(f"{name} has shape {list(parameter.shape)}, and the normalised axes {shape}")
    if chosen == list(range(rank - len(chosen), rank)):
        return F.layer_norm(x, shape, gamma, beta, epsilon)
    return _layer_norm(x, chosen, gamma, beta, epsilon)


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is none of a tensor of rank {rank}")
    return axis % rank


def _layer_norm(
    x: torch.Tensor, axes: list[int], gamma: torch.Tensor | None, beta: torch.Tensor | None, epsilon: float
) -> torch.Tensor:
    variance, mean = torch.var_mean(x, dim=axes, correction=0, keepdim=True)
    result = (x - mean) * torch.rsqrt(variance + epsilon)
    each = [x.shape[axis] if axis in axes else 1 for axis in range(x.dim())]
    if gamma is not None:
        result = result * gamma.reshape(each)
    return result if beta is None else result + beta.reshape(each)


@mil_op("local_response_norm")
def local_response_norm(
    x: torch.Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> torch.Tensor:
    """x / (k + alpha / size * sum(x²))^beta, the sum over `size` neighbouring channels, fewer at the ends.

    Of an even size one more lies before the channel than after it, as in torch, which coremltools' tests compare with.
    """
    _check_rank("local_response_norm", x, 3, 5)
    if size < 1:
        raise ValueError(f"local_response_norm needs one neighbour at least, not {size}")
    return F.local_response_norm(x, size, alpha, beta, k)


def _check_rank(what: str, x: torch.Tensor, low: int, high: int) -> None:
    if not low <= x.dim() <= high:
        raise ValueError(f"{what} takes tensors of rank {low} to {high}, not {x.dim()}")

"""Random numbers: of the right distribution, shape and type. Which numbers they are is Core ML's own affair.

A seed of -1, the default, takes the run's generator, so that a run can be repeated; any other seed gives the same
numbers at every call.
"""

import torch

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op


@mil_op("random_bernoulli", exact=True)
def random_bernoulli(shape: list[int], context: Context, prob: float = 0.5, seed: int = -1) -> torch.Tensor:
    """1 with probability `prob`, else 0."""
    if not 0 <= prob <= 1:
        raise ValueError(f"{prob} is no probability")
    context.check_size(shape)
    return torch.full(shape, prob).bernoulli(generator=_generator(seed, context))


@mil_op("random_normal")
def random_normal(
    shape: list[int], context: Context, mean: float = 0.0, stddev: float = 1.0, seed: int = -1
) -> torch.Tensor:
    """Normal numbers."""
    context.check_size(shape)
    return torch.randn(shape, generator=_generator(seed, context)) * stddev + mean


@mil_op("random_uniform")
def random_uniform(
    shape: list[int], context: Context, low: float = 0.0, high: float = 1.0, seed: int = -1
) -> torch.Tensor:
    """Numbers from `low` up to `high`, the latter not among them."""
    if high < low:
        raise ValueError(f"random_uniform from {low} to {high}")
    context.check_size(shape)
    return torch.rand(shape, generator=_generator(seed, context)) * (high - low) + low


@mil_op("random_categorical")
def random_categorical(
    x: torch.Tensor, context: Context, mode: str = "logits", size: int = 1, seed: int = -1
) -> torch.Tensor:
    """`size` draws, with replacement, from each distribution on the last axis of `x`: [..., size], in the type of x."""
    if mode not in ("logits", "probs"):
        raise ValueError(f"random_categorical has no mode {mode!r}")
    context.check_size([*x.shape[:-1], size])
    weights = torch.softmax(x, -1) if mode == "logits" else x
    drawn = torch.multinomial(
        weights.reshape(-1, x.shape[-1]), size, replacement=True, generator=_generator(seed, context)
    )
    return drawn.to(x.dtype).reshape(*x.shape[:-1], size)


def _generator(seed: int, context: Context) -> torch.Generator:
    if seed == -1:
        return context.generator
    generator = torch.Generator()
    generator.manual_seed(seed)
    return generator

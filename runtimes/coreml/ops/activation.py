"""Activations."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml.registry import mil_op


@mil_op("relu", exact=True)
def relu(x: torch.Tensor) -> torch.Tensor:
    """max(0, x)."""
    return F.relu(x)

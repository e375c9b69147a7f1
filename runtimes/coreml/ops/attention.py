"""Attention in one operator (iOS 18)."""

import math

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from portproof.runtimes.coreml.registry import mil_op


@mil_op("scaled_dot_product_attention", since="CoreML8")
def scaled_dot_product_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attn_mask: torch.Tensor | None = None
) -> torch.Tensor:
    """softmax(Q Kᵀ / sqrt(E) + mask) V: `query` [B, ..., L, E], `key` [B, ..., S, E], `value` [B, ..., S, EV].

    A mask of truth values lets an element take part where it is true. A row in which none takes part is NaN, as the
    formula has it.
    """
    if not 3 <= query.dim() == key.dim() == value.dim():
        raise ValueError("query, key and value are of one rank, 3 or more")
    if not query.shape[:-2] == key.shape[:-2] == value.shape[:-2]:
        raise ValueError(f"batches of query, key and value differ: {[list(t.shape) for t in (query, key, value)]}")
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ValueError(f"query, key and value do not fit: {[list(t.shape) for t in (query, key, value)]}")
    if attn_mask is None:
        return F.scaled_dot_product_attention(query, key, value)
    scores = torch.matmul(query * (1.0 / math.sqrt(query.shape[-1])), key.transpose(-1, -2))
    if attn_mask.dtype is torch.bool:
        attn_mask = torch.zeros_like(attn_mask, dtype=scores.dtype).masked_fill(~attn_mask, -torch.inf)
    return torch.matmul(torch.softmax(scores + attn_mask, -1), value)

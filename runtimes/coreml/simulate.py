"""Computes an operator of a float32 program as if it were a float16 one: what goes in is rounded too."""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from portproof.runtimes.coreml.results import to_float16


def in_float16(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` on arguments rounded to float16; its results are the engine's to round."""

    def rounded(**arguments: Any) -> Any:
        return function(**to_float16_all(arguments))

    return rounded


def to_float16_all(values: Mapping[str, Any]) -> dict[str, Any]:
    """Float tensors, lists of them and floats rounded to float16's numbers; everything else as it is."""
    return {name: _rounded(value) for name, value in values.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return to_float16(value) if value.dtype is torch.float32 else value
    if isinstance(value, float):
        return float(torch.tensor(value, dtype=torch.float16))
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value

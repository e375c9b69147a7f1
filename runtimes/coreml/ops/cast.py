"""Conversions between element types.

Floats lose what is behind the point, and stay at the end of the range where they are beyond it (a NaN becomes 0), as
with the conversion instructions of Arm; whole numbers that do not fit keep their low bits. Apple documents neither.
"""

from typing import Any

import torch

from portproof.runtimes.coreml.dtypes import DTYPES, Held
from portproof.runtimes.coreml.registry import mil_op

_NAMES = {"int32": "int32", "fp16": "float16", "fp32": "float32", "bool": "bool"}
_NAMES_17 = {**_NAMES, "int8": "int8", "uint8": "uint8", "int16": "int16", "uint16": "uint16"}


@mil_op("cast")
def cast(x: torch.Tensor, dtype: str) -> torch.Tensor:
    """`x` as int32, fp16, fp32 or bool."""
    return _converted(x, dtype, _NAMES)


@mil_op("cast", since="CoreML7")
def cast_17(x: torch.Tensor, dtype: str) -> torch.Tensor:
    """`x` as one of those, or as an integer of 8 or 16 bits."""
    return _converted(x, dtype, _NAMES_17)


def _converted(x: torch.Tensor, dtype: str, names: dict[str, str]) -> torch.Tensor:
    if dtype not in names:
        raise ValueError(f"a tensor cannot be cast to {dtype!r}: {', '.join(names)} are known")
    return to_held(x, DTYPES[names[dtype]])


def to_held(x: torch.Tensor, held: Held) -> torch.Tensor:
    """`x` as values of another element type; rounding to float16 is left to whoever keeps the result."""
    target: Any = getattr(torch, held.torch)
    if held.kind != "int" or x.dtype is torch.bool:
        return x.to(target)
    if x.dtype.is_floating_point:
        return x.to(torch.float64).nan_to_num(nan=0.0).clamp(held.low, held.high).to(target)
    span = held.high - held.low + 1
    return ((x.to(torch.int64) - held.low) % span + held.low).to(target)

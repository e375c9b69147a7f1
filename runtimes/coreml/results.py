"""Brings what a kernel gives to what the program declares: type, rounding and shape."""

from collections.abc import Callable
from typing import Any, Literal

import torch

from portproof.runtimes.coreml.context import Precision
from portproof.runtimes.coreml.dtypes import DTYPES
from portproof.runtimes.coreml.program import NamedType, TensorType
from portproof.runtimes.spec import shape_text

Finish = Callable[[Any], Any]
Rounding = Precision | Literal["float16"]
"""A precision; or ``"float16"``: float32 results are rounded too, as if the operator were a float16 one."""


def finisher(declared: NamedType, precision: Rounding, *, exact: bool) -> Finish:
    """A function that checks a result and brings it to its declared type.

    Args:
        declared: the output.
        precision: see `Rounding`.
        exact: whether the kernel's results are representable as they are.

    The function raises `ValueError` where the kernel's result is not what is declared: a damaged file, or a kernel
    that is wrong. Either way the numbers are not to be trusted.
    """
    kind = declared.type
    if not isinstance(kind, TensorType):
        return _as_it_is
    if kind.dtype == "string":
        return _as_it_is
    held = DTYPES[kind.dtype]
    dtype: torch.dtype = getattr(torch, held.torch)
    rounded = {"strict": ("float16",), "minimum": (), "float16": ("float16", "float32")}[precision]
    rounds = kind.dtype in rounded and not exact
    fits = _shape_check(declared.name, kind.shape)

    def finish(value: Any) -> torch.Tensor:
        if not isinstance(value, torch.Tensor):
            raise ValueError(f"{declared.name} is declared a tensor, and is none")
        if value.dtype is not dtype:
            value = _converted(declared.name, value, dtype, held.kind)
        fits(value)
        return to_float16(value) if rounds else value

    return finish


def to_float16(value: torch.Tensor) -> torch.Tensor:
    """Rounded to float16's numbers, to the nearest, ties to even; beyond its range infinite; held as float32."""
    return value.to(torch.float16).to(torch.float32)


def _converted(name: str, value: torch.Tensor, dtype: torch.dtype, kind: str) -> torch.Tensor:
    found = "bool" if value.dtype is torch.bool else "float" if value.dtype.is_floating_point else "int"
    if found != kind:
        raise ValueError(f"{name} is declared {kind}, and is computed as {found}")
    return value.to(dtype)


def _shape_check(name: str, declared: tuple[int | None, ...] | None) -> Callable[[torch.Tensor], None]:
    if declared is None:
        return _no_check
    if None not in declared:
        exact = torch.Size([size for size in declared if size is not None])

        def same(value: torch.Tensor) -> None:
            if value.shape != exact:
                raise ValueError(f"{name} is declared of shape {list(exact)}, and has {list(value.shape)}")

        return same

    def fits(value: torch.Tensor) -> None:
        known = len(declared) == value.dim() and all(
            size is None or size == got for size, got in zip(declared, value.shape, strict=True)
        )
        if not known:
            raise ValueError(f"{name} is declared of shape {shape_text(declared)}, and has {list(value.shape)}")

    return fits


def _no_check(value: torch.Tensor) -> None:
    """Nothing is declared."""
    del value


def _as_it_is(value: Any) -> Any:
    return value

"""Declared inputs: ``--input NAME=1x3x224x224:float32``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.near import near_names

DTYPES = (
    "float32", "float16", "bfloat16", "float64", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64", "bool",
)  # fmt: skip
_DIM = re.compile(r"[1-9][0-9]*|[A-Za-z_][A-Za-z0-9_]*")
_HINT = "Write it as NAME=1x3x224x224:float32; the type may be left out (float32), NAME=:int64 is a scalar."


@dataclass(frozen=True, kw_only=True)
class DeclaredInput:
    """What the user said about one input.

    Attributes:
        name: the input's name in the model.
        shape: sizes; a string names a symbolic dimension.
        dtype: numpy's name of the element type; "" when it was left out.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str = ""


def parse(text: str) -> DeclaredInput:
    """Parse one declaration; the name may hold ``:`` and ``=`` itself (``serving_default_x:0=1x8:int32``).

    Raises:
        PortproofError: E-USAGE.
    """
    name, equals, rest = text.rpartition("=")
    dims, _, dtype = rest.partition(":")
    parts = _split(dims)
    if not equals or not name or not all(_DIM.fullmatch(part) for part in parts):
        raise PortproofError("E-USAGE", f"--input {text} cannot be read", hint=_HINT)
    if dtype and dtype not in DTYPES:
        near = near_names(dtype, DTYPES)
        hint = f"Types are {', '.join(near or DTYPES)}."
        raise PortproofError("E-USAGE", f"--input {text}: there is no type {dtype}", hint=hint)
    return DeclaredInput(name=name, shape=tuple(int(p) if p.isdigit() else p for p in parts), dtype=dtype)


def _split(dims: str) -> list[str]:
    """``"1x3xHxW"`` at its ``x``; a symbolic name may hold an ``x`` only where a comma separates: ``"1,max_len"``."""
    return dims.split("," if "," in dims else "x") if dims else []


def require_static(declared: Sequence[DeclaredInput]) -> None:
    """Raise E-MODEL-SHAPE, for all inputs at once, when a declared shape has a symbolic dimension."""
    symbolic = [d for d in declared if any(isinstance(dim, str) for dim in d.shape)]
    if symbolic:
        raise PortproofError.of([_symbolic(d) for d in symbolic])


def _symbolic(declared: DeclaredInput) -> Message:
    shape = "x".join(str(dim) for dim in declared.shape)
    numbers = "x".join(str(dim) if isinstance(dim, int) else "1" for dim in declared.shape)
    return Message(
        code="E-MODEL-SHAPE",
        what=f"input '{declared.name}' is declared with a symbolic size: {shape}",
        why="models are converted for fixed shapes; dynamic ones are not supported yet",
        hint=f"Declare numbers, such as --input {declared.name}={numbers}.",
    )


def unknown_name(name: str, known: Sequence[str]) -> PortproofError:
    """E-USAGE for a declared input that the model does not have."""
    near = near_names(name, known)
    hint = f"Did you mean {near[0]}?" if near else f"Inputs are: {', '.join(known) or 'none'}."
    return PortproofError("E-USAGE", f"the model has no input '{name}'", hint=hint)

"""Declared inputs: ``--input NAME=1x3x224x224:float32``, ``--input NAME=N:1..8x3xHxW`` where sizes stay dynamic."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.near import near_names
from portproof.runtimes.dims import Dim

DTYPES = (
    "float32", "float16", "bfloat16", "float64", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64", "bool",
)  # fmt: skip
_NUMBER = re.compile(r"[1-9][0-9]*")
# A range begins with a digit, so that it cannot be taken for the type behind the last colon.
_SYMBOL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::([1-9][0-9]*)\.\.([1-9][0-9]*)?(?::([1-9][0-9]*))?)?")
_TYPED = re.compile(r"(.*?)(?::([A-Za-z]\w*)?)?")
_HINT = (
    "Write it as NAME=1x3x224x224:float32; the type may be left out (float32), NAME=:int64 is a scalar. "
    "A name keeps a size dynamic, with a range if you like: NAME=N:1..8x3xHxW, H:32..512:32 in steps of 32."
)


@dataclass(frozen=True, kw_only=True)
class DeclaredInput:
    """What the user said about one input.

    Attributes:
        name: the input's name in the model.
        shape: sizes; a string names a dynamic dimension.
        dtype: numpy's name of the element type; "" when it was left out.
        dims: the dynamic dimensions for which a range was given here.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str = ""
    dims: tuple[Dim, ...] = ()

    @property
    def is_static(self) -> bool:
        """Whether every size is a number."""
        return all(isinstance(size, int) for size in self.shape)


def parse(text: str) -> DeclaredInput:
    """Parse one declaration; the name may hold ``:`` and ``=`` itself (``serving_default_x:0=1x8:int32``).

    Raises:
        PortproofError: E-USAGE.
    """
    name, equals, rest = text.rpartition("=")
    typed = _TYPED.fullmatch(rest)
    shape, dtype = (typed[1], typed[2] or "") if typed else ("", "")
    parts = [_size(part) for part in _split(shape)]
    if not equals or not name or typed is None or None in parts:
        raise PortproofError("E-USAGE", f"--input {text} cannot be read", hint=_HINT)
    if dtype and dtype not in DTYPES:
        near = near_names(dtype, DTYPES)
        hint = f"Types are {', '.join(near or DTYPES)}."
        raise PortproofError("E-USAGE", f"--input {text}: there is no type {dtype}", hint=hint)
    sizes = tuple(part.name if isinstance(part, Dim) else part for part in parts if part is not None)
    ranged = [part for part in parts if isinstance(part, Dim) and part != Dim(name=part.name)]
    return DeclaredInput(name=name, shape=sizes, dtype=dtype, dims=tuple(ranged))


def _split(dims: str) -> list[str]:
    """``"1x3xHxW"`` at its ``x``; a symbolic name may hold an ``x`` only where a comma separates: ``"1,max_len"``."""
    return dims.split("," if "," in dims else "x") if dims else []


def _size(text: str) -> int | Dim | None:
    """A number, a dynamic dimension, or None for what is neither."""
    if _NUMBER.fullmatch(text):
        return int(text)
    found = _SYMBOL.fullmatch(text)
    if found is None:
        return None
    name, low, high, step = found.groups()
    made = Dim(name=name, low=int(low or 1), high=int(high) if high else None, step=int(step or 1))
    if made.high is None or made.low < made.last:
        return made
    return made.low if made.low <= made.high else None  # a range of one size is that size


def dims_of(declared: Sequence[DeclaredInput]) -> tuple[Dim, ...]:
    """The dynamic dimensions of all declarations, in the order of their first mention.

    A range needs to be written once; a dimension without any is any size from 1 on.

    Raises:
        PortproofError: E-USAGE for a dimension with two ranges.
    """
    ranges: dict[str, Dim] = {}
    for dim in (dim for d in declared for dim in d.dims):
        if ranges.setdefault(dim.name, dim) != dim:
            what = f"dimension {dim.name} is declared with two ranges: {ranges[dim.name]} and {dim}"
            raise PortproofError("E-USAGE", what, hint="Write the range once; the name alone means the same dimension.")
    names = dict.fromkeys(size for d in declared for size in d.shape if isinstance(size, str))
    return tuple(ranges.get(name, Dim(name=name)) for name in names)


def unknown_name(name: str, known: Sequence[str]) -> PortproofError:
    """E-USAGE for a declared input that the model does not have."""
    near = near_names(name, known)
    hint = f"Did you mean {near[0]}?" if near else f"Inputs are: {', '.join(known) or 'none'}."
    return PortproofError("E-USAGE", f"the model has no input '{name}'", hint=hint)

"""How weights are stored: ``int8``, ``int4:block=32``, ``palette4``, ``palette6:group=16``, ``sparse:target=0.75``.

| text | stored | oldest release |
|---|---|---|
| ``int8`` | 8-bit numbers and a scale for each output channel, symmetric | iOS16 |
| ``int8:block=B`` | the same with a scale for every B input channels: 16, 32 or 64 | iOS18 |
| ``int4``, ``int4:block=B`` | 4-bit numbers and a scale for every B input channels, 32 when left out | iOS18 |
| ``palette1`` ``palette2`` ``palette4`` ``palette6`` ``palette8`` | indices into a table of 2 to 256 values | iOS16 |
| ``palette3`` | the same, of 8 values | iOS18 |
| ``paletteN:group=G`` | a table for every G output channels | iOS18 |
| ``sparse`` | a bit for each element, and those that are not zero | iOS16 |
| ``sparse:target=F`` | the same, after the smallest of each tensor have been set to zero until F of it are | iOS16 |

Where B or G does not divide a tensor's channels, the largest number below it does that divides them.

The releases are those of the operators of MIL that unpack them (coremltools' documentation of ``constexpr_*``).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreml.targets import at_least

SMALLEST = 2048
"""Tensors of fewer elements stay as they are: little is won, and the first and last layers of small networks lose most.
It is also what coremltools takes when nothing is said."""

BLOCKS = (16, 32, 64)
PALETTE_BITS = (1, 2, 3, 4, 6, 8)
_BLOCK = 32
_FORM = re.compile(r"(int4|int8|sparse|palette(\d+))(?::(.+))?")
_HINT = "write int8, int4:block=32, palette4, palette6:group=16 or sparse:target=0.75"


@dataclass(frozen=True, kw_only=True)
class WeightFormat:
    """How weights are stored.

    Attributes:
        kind: the family.
        bits: of each stored element; 16 or 32, those of the weights, when sparse.
        block: input channels that share a scale; 0 for all.
        group: output channels that share a palette; 0 for all.
        target: the share of each tensor that is set to zero, 0 to 1, before it is stored sparse.
    """

    kind: Literal["int8", "int4", "palette", "sparse"]
    bits: int = 0
    block: int = 0
    group: int = 0
    target: float = 0.0

    def __str__(self) -> str:
        """As `parse` takes it."""
        name = f"palette{self.bits}" if self.kind == "palette" else self.kind
        given = {"block": self.block, "group": self.group, "target": self.target}
        options = ",".join(f"{key}={value:g}" for key, value in given.items() if value)
        return f"{name}:{options}" if options else name

    @property
    def oldest(self) -> str:
        """The oldest target that has it."""
        newer = self.kind == "int4" or self.block or self.group or self.bits == 3
        return "iOS18" if newer else "iOS16"


def parse(text: str) -> WeightFormat:
    """Reads a format.

    Raises:
        PortproofError: ``E-USAGE``: there is no such format, or no such option of it.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise _wrong(text, "there is no such format")
    name, bits, rest = match.groups()
    kind: Any = "palette" if bits else name
    options = _options(text, kind, rest or "")
    if bits and int(bits) not in PALETTE_BITS:
        raise _wrong(text, f"palettes have indices of {', '.join(map(str, PALETTE_BITS))} bits")
    own = {"palette": int(bits or 0), "int8": 8, "int4": 4, "sparse": 0}[kind]
    default = {"block": _BLOCK} if kind == "int4" else {}
    return WeightFormat(kind=kind, bits=own, **{**default, **options})


def check_target(form: WeightFormat, target: str) -> None:
    """Refuses a format that a target does not have.

    Raises:
        PortproofError: ``E-USAGE``.
    """
    if not at_least(target, form.oldest):
        raise PortproofError(
            "E-USAGE",
            f"weights as {form} need {form.oldest}, and the target is {target}",
            why="older releases have no operator that unpacks them",
            hint=f"choose {form.oldest} as the target, or {_instead(form, target)}",
        )


def _instead(form: WeightFormat, target: str) -> str:
    if not at_least(target, "iOS16"):
        return "leave the weights as they are"
    return {"palette": "palette4", "int4": "palette4", "int8": "int8"}.get(form.kind, "sparse")


def _options(text: str, kind: str, rest: str) -> dict[str, Any]:
    readers = _READERS[kind]
    found: dict[str, Any] = {}
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        if key not in readers:
            raise _wrong(text, f"{kind} has no option {key!r}")
        try:
            found[key] = readers[key](value)
        except ValueError:
            raise _wrong(text, f"{item!r} makes no sense: {_MEANING[key]}") from None
    return found


def _block(value: str) -> int:
    if int(value) not in BLOCKS:
        raise ValueError
    return int(value)


def _group(value: str) -> int:
    if int(value) < 1:
        raise ValueError
    return int(value)


def _share(value: str) -> float:
    if not 0 < float(value) < 1:
        raise ValueError
    return float(value)


_READERS: dict[str, dict[str, Callable[[str], Any]]] = {
    "int8": {"block": _block},
    "int4": {"block": _block},
    "palette": {"group": _group},
    "sparse": {"target": _share},
}
_MEANING = {
    "block": f"a block is {', '.join(map(str, BLOCKS))} input channels",
    "group": "a group is a number of output channels",
    "target": "a target is a share between 0 and 1",
}


def _wrong(text: str, why: str) -> PortproofError:
    return PortproofError("E-USAGE", f"weights cannot be stored as {text!r}", why=why, hint=_HINT)

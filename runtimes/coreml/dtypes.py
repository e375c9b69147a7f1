"""The element types of MIL, and what the emulator holds each of them in.

A value of a narrow type is held in a wider one where torch computes better there; `Held.round` says what has to be
done to a result so that it is a value of the narrow type.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Held:
    """How values of one MIL type are held.

    Attributes:
        torch: name of the torch type, as in ``getattr(torch, name)``.
        numpy: name of the numpy type of a literal of that type.
        kind: ``"float"``, ``"int"``, ``"bool"`` or ``"string"``.
        low: least value of an integer type.
        high: largest one.
    """

    torch: str
    numpy: str
    kind: str
    low: int = 0
    high: int = 0


def _integer(torch: str, numpy: str, bits: int, *, signed: bool) -> Held:
    low = -(2 ** (bits - 1)) if signed else 0
    return Held(torch=torch, numpy=numpy, kind="int", low=low, high=low + 2**bits - 1)


DTYPES = {
    "float16": Held(torch="float32", numpy="float16", kind="float"),
    "float32": Held(torch="float32", numpy="float32", kind="float"),
    "float64": Held(torch="float64", numpy="float64", kind="float"),
    "bool": Held(torch="bool", numpy="bool", kind="bool"),
    "string": Held(torch="", numpy="", kind="string"),
    "int8": _integer("int8", "int8", 8, signed=True),
    "int16": _integer("int16", "int16", 16, signed=True),
    "int32": _integer("int32", "int32", 32, signed=True),
    "int64": _integer("int64", "int64", 64, signed=True),
    "int4": _integer("int8", "int8", 4, signed=True),
    "uint1": _integer("uint8", "uint8", 1, signed=False),
    "uint2": _integer("uint8", "uint8", 2, signed=False),
    "uint3": _integer("uint8", "uint8", 3, signed=False),
    "uint4": _integer("uint8", "uint8", 4, signed=False),
    "uint6": _integer("uint8", "uint8", 6, signed=False),
    "uint8": _integer("uint8", "uint8", 8, signed=False),
    "uint16": _integer("int32", "uint16", 16, signed=False),
    "uint32": _integer("int64", "uint32", 32, signed=False),
    "uint64": _integer("int64", "uint64", 64, signed=False),
}
"""By name; bfloat16 and the float8 types, which no operator of the supported sets takes, are not among them."""

"""Whether a mix is slower than the float model where it will run: measured by whoever can, a runtime away from here."""

from collections.abc import Callable
from dataclasses import dataclass

from portproof.device_profiles.errors import Message


@dataclass(frozen=True, kw_only=True)
class Timed:
    """A quantized model against the float one, on the unit.

    Attributes:
        ratio: of its time to the float model's; above 1 is slower.
        slower: whether that is certain, for all the noise of the machine.
    """

    ratio: float
    slower: bool


Clock = Callable[[bytes], Timed | None]
"""Times a QDQ ONNX model; None where it cannot be."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How mixes are timed.

    Attributes:
        clock: measures one.
        decides: whether a mix that is slower than float is set aside for the next; else it is only told.
    """

    clock: Clock
    decides: bool = True


def slower(what: str, unit: str) -> Message:
    """``W-INT8-SLOWER`` of a mix; figures are of one run on one machine, and in no document."""
    return Message(
        code="W-INT8-SLOWER",
        what=f"{what} is slower than the float file on this machine, and so is every other that meets the bounds",
        why=f"what {unit} computes in integers saves less than the conversions between integers and floats cost",
        hint="use the float file here, or the recipe weight-only for its size",
    )

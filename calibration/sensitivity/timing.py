"""Whether a mix is faster than the float model where it will run: measured by whoever can, a runtime away from here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from portproof.calibration.plan import Plan
from portproof.calibration.sensitivity.mix import Mix
from portproof.calibration.sensitivity.search import Found
from portproof.calibration.sensitivity.targets import Point
from portproof.device_profiles.errors import Message


class Speed(IntEnum):
    """What is certain for all the noise of the machine."""

    SLOWER = 0
    UNCERTAIN = 1
    FASTER = 2


@dataclass(frozen=True, kw_only=True)
class Timed:
    """A quantized model against the float one, on the unit.

    Attributes:
        ratio: of its time to the float model's; above 1 is slower.
        speed: what that says.
    """

    ratio: float
    speed: Speed


Clock = Callable[[bytes], Timed | None]
"""Times a QDQ ONNX model; None where it cannot be."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How mixes are timed.

    Attributes:
        clock: measures one.
        decides: whether a mix that is not faster than float is set aside for one that is; else it is only told.
    """

    clock: Clock
    decides: bool = True


@dataclass(frozen=True, kw_only=True)
class _Tried:
    found: Found
    point: Point
    plan: Plan
    timed: Timed


def fastest(
    found: Iterable[Found], plan: Callable[[Mix], Plan], timed: Callable[[Plan], Timed | None] | None
) -> tuple[Found, Plan | None]:
    """The first of several searches whose mix is faster than the float model, else the first that is not slower.

    Args:
        found: by searches among fewer and fewer precisions; the next is only made if it is asked for.
        plan: of a mix.
        timed: a plan against the float model; None where nothing is timed, which leaves the first search.

    Returns:
        What was found, mixes that were set aside for it in it; and its plan, None where no mix meets the bounds. If all
        are slower, the least slow, which says so.
    """
    tried: list[_Tried] = []
    for each in found:
        point = each.chosen
        if point is None or timed is None:
            if not tried:
                return each, plan(point.mix) if point else None
            continue
        if tried and (point.is_float or any(point.mix == trial.point.mix for trial in tried)):
            continue
        made = plan(point.mix)
        time = timed(made)
        if time is None:
            return each, made
        tried.append(_Tried(found=each, point=point, plan=made, timed=time))
        if time.speed == Speed.FASTER:
            break
    return _best(tried)


def _best(tried: list[_Tried]) -> tuple[Found, Plan]:
    speed = max(trial.timed.speed for trial in tried)
    alike = [trial for trial in tried if trial.timed.speed == speed]
    best = alike[0] if speed > Speed.SLOWER else min(alike, key=lambda trial: trial.timed.ratio)
    none = speed == Speed.SLOWER
    aside = tuple(trial.point for trial in tried if trial.timed.speed < speed or (none and trial is not best))
    return replace(best.found, set_aside=aside, slower=none), best.plan


def slower(what: str, unit: str) -> Message:
    """``W-INT8-SLOWER`` of a mix; figures are of one run on one machine, and in no document."""
    return Message(
        code="W-INT8-SLOWER",
        what=f"{what} is slower than the float file on this machine, and so is every other that meets the bounds",
        why=f"what {unit} computes in integers saves less than the conversions between integers and floats cost",
        hint="use the float file here, or the recipe weight-only for its size",
    )

"""How much an output may differ from the reference, and why that much.

An element passes when ``|candidate - reference| <= atol * scale + rtol * |reference|``. `scale` is 1 for a
tolerance the user states. For the defaults it is ``max(1, largest |reference| of the output in the sample)``:
a rounding error comes from the sums a value is made of, which are as large as the largest values beside it,
so an absolute bound that fits probabilities would refuse a detector whose boxes go to 600.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.feed import near_matches
from portproof.runtimes.spec import TensorSpec


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """What one output may differ by.

    Attributes:
        atol: absolute part.
        rtol: part of each reference element's magnitude.
        scaled: whether `atol` grows with the largest reference value (never below `atol` itself).
        reason: one sentence, for the report.
    """

    atol: float
    rtol: float = 0.0
    scaled: bool = False
    reason: str

    def allowed(self, reference: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest error allowed at each (finite) element of a reference array."""
        magnitude = np.abs(reference)
        scale = max(1.0, float(magnitude.max(initial=0.0))) if self.scaled else 1.0
        return np.asarray(self.atol * scale + self.rtol * magnitude)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return {"atol": self.atol, "rtol": self.rtol, "scaled": self.scaled, "reason": self.reason}


_FLOAT32 = Tolerance(
    atol=1e-4,
    scaled=True,
    reason="float32 sums in another order: a few hundred roundings of 1.2e-7 of the largest value",
)
_FLOAT16 = Tolerance(
    atol=2e-2,
    scaled=True,
    reason="float16 has 11 bits: some twenty roundings of 1e-3 of the largest value",
)
_INT8 = Tolerance(
    atol=0.25,
    scaled=True,
    reason="8 bits a tensor: a step is 1/256 of its range and steps add up; judge by --metric sqnr_db or accuracy",
)
_EXACT = Tolerance(atol=0.0, reason="whole numbers and truth values do not round")
_BY_PRECISION = {"float32": _FLOAT32, "float16": _FLOAT16, "int8": _INT8}
# Where a target's arithmetic differs from what its precision says.
_BY_TARGET: dict[tuple[str, str], Tolerance] = {
    ("onnx", "float32"): Tolerance(
        atol=1e-5,
        scaled=True,
        reason="the same ONNX operators in float32, fused or in another order: tens of roundings of 1.2e-7",
    ),
}
USER_REASON = "stated by the user"


def default_tolerance(target: str, precision: str, dtype: str) -> Tolerance:
    """The tolerance for an output of type `dtype` of an artifact.

    Args:
        target: ``"tflite"``, ``"coreml"``, ``"onnx"``.
        precision: what the artifact computes in: ``"float32"``, ``"float16"``, ``"int8"``.
        dtype: numpy name of the output's type; whole numbers must be equal unless the arithmetic is int8.
    """
    if np.dtype(dtype).kind not in "fc" and precision != "int8":
        return _EXACT
    return _BY_TARGET.get((target, precision), _BY_PRECISION.get(precision, _FLOAT32))


def resolve(
    outputs: Iterable[TensorSpec],
    *,
    target: str,
    precision: str = "float32",
    atol: Iterable[str] = (),
    rtol: Iterable[str] = (),
) -> dict[str, Tolerance]:
    """The tolerance of every output, from the defaults and the user's ``--atol`` and ``--rtol``.

    A user's ``atol`` replaces the default, and is not scaled; a user's ``rtol`` alone stands with an ``atol``
    of 0.

    Raises:
        PortproofError: ``E-USAGE`` for a value that is no number or names no output.
    """
    specs = tuple(outputs)
    names = [spec.name for spec in specs]
    absolute, relative = parse_tolerances(atol, names, "--atol"), parse_tolerances(rtol, names, "--rtol")
    return {
        spec.name: _stated(spec.name, absolute, relative) or default_tolerance(target, precision, spec.dtype)
        for spec in specs
    }


def parse_tolerances(values: Iterable[str], names: Iterable[str], option: str) -> dict[str, float]:
    """Polygraphy's grammar: ``1e-4`` for every output (key ``""``), ``out0:1e-4`` for one."""
    known, parsed = list(names), dict[str, float]()
    for value in values:
        # The number is what follows the last colon: names may hold colons.
        name, _, number = value.rpartition(":")
        if name and name not in known:
            near = near_matches(name, known)
            hint = f"did you mean {near[0]}?" if near else f"outputs are {', '.join(known)}"
            raise PortproofError("E-USAGE", f"{option} {value}: there is no output {name!r}", hint=hint)
        parsed[name] = _number(number, option, value)
    return parsed


def check_numbers(values: Iterable[str], option: str) -> None:
    """Check what can be checked before the outputs are known.

    Raises:
        PortproofError: ``E-USAGE`` for a value that is no number.
    """
    for value in values:
        _number(value.rpartition(":")[2], option, value)


def _stated(name: str, absolute: Mapping[str, float], relative: Mapping[str, float]) -> Tolerance | None:
    atol = absolute.get(name, absolute.get(""))
    rtol = relative.get(name, relative.get(""))
    if atol is None and rtol is None:
        return None
    return Tolerance(atol=atol or 0.0, rtol=rtol or 0.0, reason=USER_REASON)


def _number(text: str, option: str, value: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise PortproofError(
            "E-USAGE",
            f"{option} {value}: {text!r} is not a number of at least 0",
            hint=f"write {option} 1e-4 for every output, {option} NAME:1e-4 for one",
        )
    return number

"""What an export is asked for, checked before anything slow begins: all that is wrong with it comes at once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.near import did_you_mean, near_names

if TYPE_CHECKING:
    from portproof.device_profiles.schema import Profile
    from portproof.runtimes.gates import MetricGate

Argument = TypeVar("Argument")
Result = TypeVar("Result")

WRITABLE = ("onnx", "tflite")
DEFAULT = ("tflite", "onnx")
IO_LAYOUTS = ("auto", "keep")
PRECISION = "float32"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A checked request.

    Attributes:
        targets: what to write, in the order of `WRITABLE`.
        devices: profiles of the devices asked for.
        gates: the parsed ``--metric`` conditions.
        messages: warnings about the choice.
    """

    targets: tuple[str, ...]
    devices: tuple["Profile", ...]
    gates: tuple["MetricGate", ...]
    messages: tuple[Message, ...]


def check(
    *, targets: Sequence[str], devices: Sequence[str], metrics: Sequence[str], io_layout: str, samples: int
) -> Request:
    """Check a request.

    Raises:
        PortproofError: ``E-USAGE``, ``E-DEVICE-UNKNOWN``, ``E-FILE-MISSING``, ``E-CONFIG``; all of them together.
    """
    from portproof.device_profiles.profiles import load_all
    from portproof.runtimes.gates import parse_gate

    wrong: list[Message] = []
    profiles = _collect(wrong, load_all, tuple(devices)) or []
    gates = [_collect(wrong, parse_gate, text) for text in metrics]
    wrong += [_unknown_target(name) for name in targets if name not in (*WRITABLE, "coreml")]
    wrong += [_no_coreml("target coreml", "-t tflite")] if "coreml" in targets else []
    if not targets:
        wrong += [_no_coreml(f"device {p.id}", "-t tflite") for p in profiles if not set(p.targets) & set(WRITABLE)]
    if io_layout not in IO_LAYOUTS:
        wrong.append(_usage(f"io_layout is {io_layout!r}", f"it is one of {', '.join(IO_LAYOUTS)}"))
    if samples < 1:
        wrong.append(_usage(f"{samples} samples prove nothing", "ask for at least 1"))
    if wrong:
        raise PortproofError.of(wrong)
    return Request(
        targets=_chosen(targets, profiles),
        devices=tuple(profiles),
        gates=tuple(gate for gate in gates if gate is not None),
        messages=tuple(_precision(profile) for profile in profiles if _needs_other(profile)),
    )


def _collect(wrong: list[Message], function: Callable[[Argument], Result], argument: Argument) -> Result | None:
    """Call it; what it refuses joins the rest."""
    try:
        return function(argument)
    except PortproofError as error:
        wrong += error.messages
        return None


def _chosen(targets: Sequence[str], profiles: Iterable["Profile"]) -> tuple[str, ...]:
    """The targets asked for, else those of the devices that can be written, else the default."""
    wanted = set(targets) or {target for profile in profiles for target in profile.targets} or set(DEFAULT)
    return tuple(target for target in WRITABLE if target in wanted)


def _needs_other(profile: "Profile") -> bool:
    """Whether the accelerator takes integers only: a float file runs on the CPU beside it."""
    taken = set(profile.accelerator_precisions)
    return bool(taken) and not taken & {"float32", "float16"}


def _precision(profile: "Profile") -> Message:
    return Message(
        code="W-DEVICE-PRECISION",
        what=f"the accelerator of {profile.id} takes {' and '.join(profile.accelerator_precisions)} only",
        why="what is written here computes in float32: it will run on the CPU beside it",
    )


def _unknown_target(name: str) -> Message:
    near = near_names(name, WRITABLE)
    return _usage(f"there is no target {name!r}", did_you_mean(near) or f"targets are {', '.join(WRITABLE)}")


def _no_coreml(what: str, instead: str) -> Message:
    return Message(
        code="E-USAGE",
        what=f"{what}: this version cannot write Core ML",
        why="Core ML is not implemented yet",
        hint=f"write another target: {instead}",
    )


def _usage(what: str, hint: str) -> Message:
    return Message(code="E-USAGE", what=what, hint=hint)

"""What an export is asked for, checked before anything slow begins: all that is wrong with it comes at once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from os import PathLike
from typing import TYPE_CHECKING, TypeVar

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.coreml.targets import DEFAULT as DEFAULT_TARGET
from portproof.exporter.coreml.targets import TARGETS
from portproof.exporter.near import did_you_mean, near_names

if TYPE_CHECKING:
    from portproof.device_profiles.schema import Profile
    from portproof.exporter.coreml.weights.formats import WeightFormat
    from portproof.exporter.images import DeclaredImage
    from portproof.exporter.labels import DeclaredThreshold, LabelFile
    from portproof.runtimes.gates import MetricGate

Argument = TypeVar("Argument")
Result = TypeVar("Result")

WRITABLE = ("onnx", "tflite", "coreml", "coreai")
DEFAULT = ("tflite", "onnx")
IO_LAYOUTS = ("auto", "keep")
COREML_PRECISIONS = ("float16", "float32")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A checked request.

    Attributes:
        targets: what to write, in the order of `WRITABLE`.
        devices: profiles of the devices asked for.
        gates: the parsed ``--metric`` conditions.
        messages: warnings about the choice.
        images: the parsed ``--image``.
        labels: the files of ``--labels``, read.
        thresholds: the parsed ``--score-threshold``.
        coreml_target: the oldest Apple release that must run a Core ML package.
        coreml_weights: how a package stores its weights; None for as they are computed with.
        overrides: what the command line set in the profiles.
    """

    targets: tuple[str, ...]
    devices: tuple["Profile", ...]
    gates: tuple["MetricGate", ...]
    messages: tuple[Message, ...]
    images: tuple["DeclaredImage", ...] = ()
    labels: tuple["LabelFile", ...] = ()
    thresholds: tuple["DeclaredThreshold", ...] = ()
    coreml_target: str = DEFAULT_TARGET
    coreml_weights: "WeightFormat | None" = None
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the user wrote; the names are those of the options."""

    targets: Sequence[str] = ()
    devices: Sequence[str] = ()
    profiles: Sequence[str | PathLike[str]] = ()
    overrides: Sequence[str] = ()
    metrics: Sequence[str] = ()
    atol: Sequence[str] = ()
    rtol: Sequence[str] = ()
    images: Sequence[str] = ()
    labels: Sequence[str] = ()
    thresholds: Sequence[str] = ()
    io_layout: str = "auto"
    coreml_target: str = ""
    coreml_precision: str = "float16"
    coreml_weights: str = ""
    quant: str = ""
    calib: bool = False
    samples: int = 1


def check(asked: Asked) -> Request:
    """Check a request.

    Raises:
        PortproofError: ``E-USAGE``, ``E-DEVICE-UNKNOWN``, ``E-FILE-MISSING``, ``E-CONFIG``, ``E-LABELS``; all of them
            together.
    """
    from portproof.device_profiles.profiles import load_all
    from portproof.exporter import images, labels
    from portproof.runtimes.gates import parse_gate
    from portproof.runtimes.tolerances import check_numbers

    wrong: list[Message] = []
    loaded = partial(load_all, profile_path=asked.profiles, overrides=asked.overrides)
    profiles = _collect(wrong, loaded, tuple(asked.devices)) or []
    gates = _each(wrong, parse_gate, asked.metrics)
    for option, values in (("--atol", asked.atol), ("--rtol", asked.rtol)):
        _each(wrong, partial(check_numbers, option=option), [[value] for value in values])
    pictures = _each(wrong, images.parse, asked.images)
    files = _each(wrong, labels.read, asked.labels)
    thresholds = _each(wrong, labels.parse_threshold, asked.thresholds)
    wrong += _wrong_choices(asked, profiles)
    target = asked.coreml_target or _oldest(profiles)
    weights = _collect(wrong, partial(_weights, target=target), asked.coreml_weights) if asked.coreml_weights else None
    if wrong:
        raise PortproofError.of(wrong)
    return Request(
        targets=_chosen(asked.targets, profiles),
        devices=tuple(profiles),
        gates=gates,
        messages=tuple(_precision(profile) for profile in profiles if _needs_other(profile) and not asked.quant),
        images=pictures,
        labels=files,
        thresholds=thresholds,
        coreml_target=target,
        coreml_weights=weights,
        overrides=tuple(asked.overrides),
    )


def _wrong_choices(asked: Asked, profiles: Sequence["Profile"]) -> list[Message]:
    wrong = [_unknown_target(name) for name in asked.targets if name not in WRITABLE]
    if "coreml" in _chosen(asked.targets, profiles):
        wrong += missing_coreml()
    if "coreai" in asked.targets:
        wrong += missing_coreai()
    if asked.coreml_target and asked.coreml_target not in TARGETS:
        wrong.append(_usage(f"coreml_target is {asked.coreml_target!r}", f"it is one of {', '.join(TARGETS)}"))
    if asked.coreml_precision not in COREML_PRECISIONS:
        known = ", ".join(COREML_PRECISIONS)
        wrong.append(_usage(f"coreml_precision is {asked.coreml_precision!r}", f"it is one of {known}"))
    if asked.io_layout not in IO_LAYOUTS:
        wrong.append(_usage(f"io_layout is {asked.io_layout!r}", f"it is one of {', '.join(IO_LAYOUTS)}"))
    if asked.quant:
        wrong += _wrong_recipe(asked.quant)
    elif asked.calib:
        wrong.append(_usage("--calib without --int8 or --quant", "say how to quantize: --int8"))
    if asked.samples < 1:
        wrong.append(_usage(f"{asked.samples} samples prove nothing", "ask for at least 1"))
    return wrong


def _wrong_recipe(name: str) -> list[Message]:
    from portproof.calibration import recipes

    wrong: list[Message] = []
    _collect(wrong, recipes.find, name)
    return wrong


def _each(
    wrong: list[Message], function: Callable[[Argument], Result], arguments: Iterable[Argument]
) -> tuple[Result, ...]:
    """Call it for each; what it refuses joins the rest."""
    results = [_collect(wrong, function, argument) for argument in arguments]
    return tuple(result for result in results if result is not None)


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
    beside = "GPU or CPU" if profile.gpu else "CPU"
    return Message(
        code="W-DEVICE-PRECISION",
        what=f"the accelerator of {profile.id} takes {' and '.join(profile.accelerator_precisions)} only",
        why=f"what is written here computes in float32: it will run on the {beside} beside it",
        hint="write it in integers too: --int8",
    )


def _unknown_target(name: str) -> Message:
    near = near_names(name, WRITABLE)
    return _usage(f"there is no target {name!r}", did_you_mean(near) or f"targets are {', '.join(WRITABLE)}")


def _oldest(profiles: Iterable["Profile"]) -> str:
    """The oldest release among those that the devices name."""
    named = [profile.coreml_target for profile in profiles if profile.coreml_target]
    return min(named, key=TARGETS.index) if named else DEFAULT_TARGET


def _weights(text: str, target: str) -> "WeightFormat":
    from portproof.exporter.coreml.weights.formats import check_target, parse

    form = parse(text)
    if target in TARGETS:
        check_target(form, target)
    return form


def missing_coreml() -> list[Message]:
    """``E-INSTALL`` for each package without which Core ML can be neither written nor run."""
    packages = {"coremltools": "portproof[coreml]", "torch": "portproof[torch]"}
    return [
        Message(
            code="E-INSTALL",
            what=f"target coreml needs {package}, which is not installed",
            hint=f"pip install '{extra}'",
        )
        for package, extra in packages.items()
        if find_spec(package) is None
    ]


def missing_coreai() -> list[Message]:
    """``E-INSTALL`` where the package is not there that writes and runs Core AI."""
    if find_spec("coreai") is not None:
        return []
    what = "target coreai needs coreai-core, which is not installed"
    return [Message(code="E-INSTALL", what=what, hint="pip install 'portproof[coreai]'")]


def _usage(what: str, hint: str) -> Message:
    return Message(code="E-USAGE", what=what, hint=hint)

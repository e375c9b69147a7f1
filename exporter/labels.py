"""``--labels`` and ``--score-threshold``: what the numbers of an output stand for.

``--labels labels.txt``, ``--labels prob=labels.txt``: a UTF-8 file with a name a line. An output of scores has one
name for each class along its class axis: axis 1 where it has four axes (a map of classes, channels first), else the
last. An output of whole numbers holds the numbers of classes: a name for each value from 0 on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.naming import Place, find
from portproof.runtimes.sources import require
from portproof.runtimes.spec import TensorSpec


@dataclass(frozen=True, kw_only=True)
class LabelFile:
    """One ``--labels``, read: the output it names (empty for the only one), the file's name, its labels."""

    text: str
    output: str
    file: str
    names: tuple[str, ...]

    @property
    def data(self) -> bytes:
        """The file as it travels with the model: UTF-8, a line each, without a byte order mark."""
        return "".join(f"{name}\n" for name in self.names).encode()


@dataclass(frozen=True, kw_only=True)
class DeclaredThreshold:
    """One ``--score-threshold``: scores below `value` mean nothing."""

    text: str
    output: str
    value: float


@dataclass(frozen=True, kw_only=True)
class OutputLabels:
    """The labels of one output.

    Attributes:
        signature: whose output it is.
        output: its name.
        axis: the class axis in the source's layout; None where the output's values are the numbers of classes.
        labels: the file.
    """

    signature: str
    output: str
    axis: int | None
    labels: LabelFile


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The score threshold of one output."""

    signature: str
    output: str
    value: float


def read(text: str) -> LabelFile:
    """Read the file of one ``--labels``.

    Raises:
        PortproofError: ``E-FILE-MISSING``; ``E-LABELS``: it is not UTF-8, or empty, or a line is.
    """
    output, equals, name = text.partition("=")
    if not equals or Path(text).exists():
        output, name = "", text
    path = require(Path(name))
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise _unusable(path.name, f"it is not UTF-8: {error.reason} at byte {error.start}", str(path)) from error
    except OSError as error:
        raise _unusable(path.name, error.strerror or "it cannot be read", str(path)) from error
    names = tuple(line.strip() for line in (lines[:-1] if not lines[-1].strip() else lines))
    if not names:
        raise _unusable(path.name, "it is empty", str(path))
    if "" in names:
        # Readers drop empty lines, and every name behind one would move by one.
        raise _unusable(path.name, f"line {names.index('') + 1} is empty", f"{path}:{names.index('') + 1}")
    return LabelFile(text=text, output=output, file=path.name, names=names)


def parse_threshold(text: str) -> DeclaredThreshold:
    """Parse ``[OUTPUT=]0.5``.

    Raises:
        PortproofError: ``E-USAGE``.
    """
    output, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        hint = "write --score-threshold 0.5, or OUTPUT=0.5"
        raise PortproofError("E-USAGE", f"--score-threshold {text}: {number!r} is not a number", hint=hint)
    return DeclaredThreshold(text=text, output=output, value=value)


def resolve(files: Sequence[LabelFile], outputs: Mapping[str, Sequence[TensorSpec]]) -> tuple[OutputLabels, ...]:
    """Hold the labels against the outputs of each function.

    Raises:
        PortproofError: all at once: ``E-USAGE``: no such output, two files for one, two files of one name;
            ``E-LABELS``: another number of labels than of classes.
    """
    wrong: list[Message] = []
    found: dict[Place, OutputLabels] = {}
    for each in files:
        try:
            made = _resolved(each, outputs)
            _check_free(made, found)
            found[Place(signature=made.signature, name=made.output)] = made
        except PortproofError as error:
            wrong += error.messages
    if wrong:
        raise PortproofError.of(wrong)
    return tuple(found.values())


def resolve_thresholds(
    declared: Sequence[DeclaredThreshold], outputs: Mapping[str, Sequence[TensorSpec]]
) -> tuple[Threshold, ...]:
    """Hold the thresholds against the outputs of each function.

    Raises:
        PortproofError: ``E-USAGE``: no such output, or two thresholds for one.
    """
    found: dict[Place, Threshold] = {}
    for each in declared:
        place = find(each.output, _names(outputs), option=f"--score-threshold {each.text}", kind="output")
        if place in found:
            raise PortproofError("E-USAGE", f"--score-threshold {each.text}: {place.name!r} has one already")
        found[place] = Threshold(signature=place.signature, output=place.name, value=each.value)
    return tuple(found.values())


def _resolved(file: LabelFile, outputs: Mapping[str, Sequence[TensorSpec]]) -> OutputLabels:
    place = find(file.output, _names(outputs), option=f"--labels {file.text}", kind="output")
    spec = next(spec for spec in outputs[place.signature] if spec.name == place.name)
    axis = None if np.dtype(spec.dtype).kind in "iu" else _class_axis(file, spec)
    return OutputLabels(signature=place.signature, output=place.name, axis=axis, labels=file)


def _class_axis(file: LabelFile, spec: TensorSpec) -> int:
    if not spec.shape:
        raise _unusable(file.file, f"output {spec} is a single number: it has no classes", "")
    axis = 1 if len(spec.shape) == 4 else len(spec.shape) - 1
    size = spec.shape[axis]
    if size != len(file.names):
        classes = "a number of classes that is not known" if size is None else f"{size} classes"
        why = f"it has {len(file.names)} labels, output {spec} has {classes} (its axis {axis})"
        raise _unusable(file.file, why, "")
    return axis


def _check_free(made: OutputLabels, found: Mapping[Place, OutputLabels]) -> None:
    """One file for an output, and one content for a name: they travel in one archive."""
    if Place(signature=made.signature, name=made.output) in found:
        raise PortproofError("E-USAGE", f"--labels {made.labels.text}: output {made.output!r} has labels already")
    for other in found.values():
        if other.labels.file == made.labels.file and other.labels.names != made.labels.names:
            what = f"--labels {made.labels.text}: another file is named {made.labels.file} too"
            raise PortproofError("E-USAGE", what, hint="both travel with the model: rename one")


def _names(outputs: Mapping[str, Sequence[TensorSpec]]) -> dict[str, list[str]]:
    return {key: [spec.name for spec in specs] for key, specs in outputs.items()}


def _unusable(name: str, why: str, where: str) -> PortproofError:
    return PortproofError("E-LABELS", f"{name} cannot be used as labels", where=where, why=why)

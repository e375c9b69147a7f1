"""Checks that arrays are what a model's inputs want: names, types, shapes. Findings are raised together."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes.dims import faults, sizes_of
from portproof.runtimes.spec import Array, TensorSpec, shape_text

_NO_NUMBERS = {"U": "text", "S": "bytes", "O": "Python objects", "M": "dates", "m": "durations", "V": "records"}


def check_feed(
    specs: Sequence[TensorSpec],
    arrays: Mapping[str, Array],
    *,
    where: str,
    source_layout: bool = False,
) -> None:
    """Raise unless `arrays` has exactly the inputs of `specs`, each of the right type and shape.

    Args:
        specs: the model's inputs.
        arrays: name to array.
        where: the file or sample the arrays come from, for the message.
        source_layout: whether the arrays are in the source's layout rather than in the file's.

    Raises:
        PortproofError: ``E-DATA-NAME``, ``E-DATA-DTYPE``, ``E-DATA-SHAPE``; one message for each finding.
    """
    found = _name_findings([spec.name for spec in specs], list(arrays), where)
    for spec in specs:
        if spec.name in arrays:
            shape = spec.source_shape if source_layout else spec.shape
            found.extend(_array_findings(spec, shape, arrays[spec.name], where))
    found = found or _size_findings(specs, arrays, where)
    if found:
        raise PortproofError.of(found)


def near_matches(name: str, known: Iterable[str]) -> list[str]:
    """The known names that look like `name` (case apart), best first; at most three."""
    by_lower: dict[str, str] = {}
    for candidate in known:
        by_lower.setdefault(candidate.lower(), candidate)
    close = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6)
    return [by_lower[match] for match in close]


def _name_findings(expected: list[str], given: list[str], where: str) -> list[Message]:
    missing = [name for name in expected if name not in given]
    found = [_unknown_name(name, expected, missing, where) for name in given if name not in expected]
    why = f"the model's inputs are {', '.join(expected)}; given: {', '.join(given) or 'nothing'}"
    # A misspelt name is one mistake: it is reported once, as unknown, with the suggestion.
    suggested = {name for message in found for name in message.details["near"]}
    return found + [
        Message(code="E-DATA-NAME", what=f"input {name!r} is missing", where=where, why=why)
        for name in missing
        if name not in suggested
    ]


def _unknown_name(name: str, expected: list[str], missing: list[str], where: str) -> Message:
    near = near_matches(name, missing)
    if not near and len(missing) == 1:
        near = missing
    return Message(
        code="E-DATA-NAME",
        what=f"{name!r} is not an input of the model",
        where=where,
        why=f"the model's inputs are {', '.join(expected)}",
        hint=f"did you mean {' or '.join(repr(match) for match in near)}?" if near else "",
        details={"name": name, "near": near},
    )


def _array_findings(spec: TensorSpec, shape: tuple[int | None, ...], array: Array, where: str) -> list[Message]:
    found = []
    if array.dtype.kind in _NO_NUMBERS:
        what = f"{spec.name!r} holds {_NO_NUMBERS[array.dtype.kind]}, the model wants {spec.dtype}"
        hint = "turn it into numbers as the model was trained on: tokens, classes, timestamps"
        found.append(Message(code="E-DATA-DTYPE", what=what, where=where, hint=hint))
    elif array.dtype != np.dtype(spec.dtype):
        found.append(
            Message(
                code="E-DATA-DTYPE",
                what=f"{spec.name!r} has type {array.dtype}, the model wants {spec.dtype}",
                where=where,
                hint=f"convert it on purpose: array.astype({spec.dtype!r})",
            )
        )
    if not fits(shape, array.shape):
        found.append(
            Message(
                code="E-DATA-SHAPE",
                what=f"{spec.name!r} has shape {shape_text(array.shape)}, not {shape_text(shape)}",
                where=where,
                hint=_shape_hint(shape, array.shape),
            )
        )
    return found


def _size_findings(specs: Sequence[TensorSpec], arrays: Mapping[str, Array], where: str) -> list[Message]:
    """Sizes of dynamic dimensions that are beyond their range, or differ between two inputs."""
    sizes = [(spec.name, dim, size) for spec in specs for dim, size in sizes_of(spec.dims, arrays[spec.name].shape)]
    return [
        Message(
            code="E-DATA-SHAPE",
            what=f"{name!r} has shape {shape_text(arrays[name].shape)}",
            where=where,
            why=why,
            hint="declare a wider range, or leave this data out",
        )
        for name, why in faults(sizes)
    ]


def fits(shape: tuple[int | None, ...], actual: tuple[int, ...]) -> bool:
    """Whether an actual shape is one that `shape` allows."""
    return len(shape) == len(actual) and all(want in (None, have) for want, have in zip(shape, actual, strict=True))


def _shape_hint(shape: tuple[int | None, ...], actual: tuple[int, ...]) -> str:
    if fits(shape[1:], actual):
        return "the leading (batch) dimension is missing: array[None]"
    if len(shape) == len(actual) == 4:
        if fits(shape, (actual[0], actual[3], actual[1], actual[2])):
            return "it looks channels-last: array.transpose(0, 3, 1, 2)"
        if fits(shape, (actual[0], actual[2], actual[3], actual[1])):
            return "it looks channels-first: array.transpose(0, 2, 3, 1)"
    return ""

"""Which input or output a user means: ``NAME``, or ``SIGNATURE:NAME`` where a model offers several functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.near import did_you_mean, near_names

if TYPE_CHECKING:
    from portproof.exporter.inputs import DeclaredInput


@dataclass(frozen=True, kw_only=True)
class Place:
    """An input or output of one of the functions."""

    signature: str
    name: str


def find(text: str, names: Mapping[str, Sequence[str]], *, option: str, kind: str) -> Place:
    """The one input or output that `text` means.

    Args:
        text: its name, with the function's before it where there are several; empty for the only one.
        names: of the inputs, or of the outputs, of each function.
        option: the option it was given to, for messages.
        kind: ``"input"`` or ``"output"``.

    Raises:
        PortproofError: ``E-USAGE``: there is none, or more than one.
    """
    places = [Place(signature=key, name=name) for key, known in names.items() for name in known]
    found = [place for place in places if text in (place.name, f"{place.signature}:{place.name}", "")]
    if len(found) == 1:
        return found[0]
    labels = {_label(place, alone=len(names) == 1): place for place in places}
    if not found:
        hint = did_you_mean(near_names(text, labels)) or f"{kind}s are {', '.join(labels)}"
        raise PortproofError("E-USAGE", f"{option}: there is no {kind} {text!r}", hint=hint)
    several = ", ".join(_label(place, alone=len(names) == 1) for place in found)
    what = (
        f"{option}: {text!r} is an {kind} of several functions" if text else f"{option}: the model has several {kind}s"
    )
    raise PortproofError("E-USAGE", what, hint=f"say which: {several}")


def _label(place: Place, *, alone: bool) -> str:
    return place.name if alone else f"{place.signature}:{place.name}"


def declared_by_function(declared: "Sequence[DeclaredInput]", keys: Sequence[str]) -> "dict[str, list[DeclaredInput]]":
    """The declarations of each function's inputs, under the input's own name.

    Raises:
        PortproofError: ``E-USAGE``, all at once, for those that do not say of which function they are.
    """
    found: dict[str, list[DeclaredInput]] = {key: [] for key in keys}
    wrong: list[Message] = []
    for each in declared:
        key, colon, name = each.name.partition(":")
        if colon and key in found:
            found[key].append(replace(each, name=name))
        elif len(keys) == 1:
            found[keys[0]].append(each)
        else:
            hint = f"say of which it is an input: {' or '.join(f'{key}:{each.name}=...' for key in keys)}"
            what = f"--input {each.name}: the model offers several functions"
            wrong.append(Message(code="E-USAGE", what=what, hint=hint))
    if wrong:
        raise PortproofError.of(wrong)
    return found

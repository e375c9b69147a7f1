"""What is wrong with a file, in its own terms: a message for each error of pydantic's, with file, line and key."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from portproof.device_profiles.errors import Message
from portproof.device_profiles.loading import near
from portproof.device_profiles.loading.fields import is_figure
from portproof.device_profiles.loading.lines import Key
from portproof.device_profiles.schema.figure import KINDS

Locate = Callable[[Key], tuple[str, int | None]]
_WANTED = {
    "tuple_type": "a list",
    "string_type": "text",
    "float_type": "a number",
    "int_type": "a whole number",
    "dict_type": "a table",
}
_NUMBER = '{ value = 64, kind = "third-party", source = "where it is from" }'


def messages(error: ValidationError, locate: Locate) -> list[Message]:
    """A message for each error, by line.

    Args:
        error: what pydantic says.
        locate: the file and the line of a path.
    """
    found = [_message(row, locate) for row in error.errors()]
    return sorted(found, key=lambda message: message.details["line"] or 0)


def wrong_key(path: Key, what: str, where: tuple[str, int | None], hint: str = "") -> Message:
    """``E-CONFIG`` about a key.

    Args:
        path: the key; empty for the whole file.
        what: what is wrong with it.
        where: its file and line.
        hint: what to do about it.
    """
    dotted, (file, line) = text_of(path), where
    return Message(
        code="E-CONFIG",
        what=f"{dotted}: {what}",
        where=file if line is None else f"{file}:{line}",
        hint=hint or "docs/devices.md lists the keys",
        details={"file": file, "line": line, "key": dotted},
    )


def text_of(path: Key) -> str:
    """A path as one writes it: ``npu.sram_mib``, ``runtimes[0].name``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path if part != "[key]")
    return text.removeprefix(".") or "the whole"


def _message(row: ErrorDetails, locate: Locate) -> Message:
    path = tuple(row["loc"])
    what, hint = _words(row, path)
    return wrong_key(path, what, locate(path), hint)


def _words(row: ErrorDetails, path: Key) -> tuple[str, str]:
    """What is wrong, and what to do."""
    found, context = row["input"], row.get("ctx", {})
    special: dict[str, Callable[[], tuple[str, str]]] = {
        "extra_forbidden": lambda: ("there is no such key", near.hint(path)),
        "missing": lambda: _missing(path),
        "greater_than": lambda: (f"is {found}: it must be more than {context['gt']:g}", ""),
        "finite_number": lambda: (f"is {found}, which is no number", ""),
        "literal_error": lambda: (f"is {found!r}: it is one of {context['expected']}", _nearest(found, context)),
        "model_type": lambda: _no_table(path, found),
        "string_too_short": lambda: ("is empty", ""),
        "too_short": lambda: ("is empty", ""),
        "string_pattern_mismatch": lambda: (f"is {found!r}", "lower-case words joined by hyphens, like pixel-8"),
        "value_error": lambda: (row["msg"].removeprefix("Value error, "), ""),
    }
    if row["type"] in special:
        return special[row["type"]]()
    wanted = _WANTED.get(row["type"])
    return (f"is {found!r}, not {wanted}" if wanted else f"{_sentence(row['msg'])}, not {found!r}"), ""


def _missing(path: Key) -> tuple[str, str]:
    if path[-1] == "source":
        return "is missing: a number without a source does not go in", "say where it is from, and how it is known: kind"
    if path[-1] == "kind" and len(path) > 1:
        return "is missing", f"how it is known: {', '.join(KINDS)}"
    return "is missing", ""


def _no_table(path: Key, found: Any) -> tuple[str, str]:
    if is_figure(path):
        return f"is {found!r} alone", f"every number says where it is from: {path[-1]} = {_NUMBER}"
    return f"is {found!r}, not a table", f"a table is headed [{text_of(path)}]"


def _nearest(found: Any, context: dict[str, Any]) -> str:
    known = [word.strip(" '\"") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
    return near.nearest(str(found), known)


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:]


def joined(errors: Sequence[Message]) -> list[Message]:
    """The messages without repetitions, in order."""
    return list({(message.where, message.what): message for message in errors}.values())

"""Print findings: coloured paragraphs on stderr, or one JSON document on stdout."""

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import click

from portproof.device_profiles.errors import Message

_COLOURS = {"E": "red", "W": "yellow"}


def colour() -> bool | None:
    """False when the user said NO_COLOR (https://no-color.org), None to let click look at the terminal."""
    return False if os.environ.get("NO_COLOR") else None


def print_messages(messages: Sequence[Message], note: str = "") -> None:
    """Each finding as a paragraph on stderr, then the note."""
    for message in _grouped(messages):
        click.echo(paragraph(message), file=sys.stderr, color=colour())
    if note:
        click.echo(note, file=sys.stderr)


def _grouped(messages: Sequence[Message]) -> list[Message]:
    """Findings that differ in their place only become one that lists the places."""
    groups: dict[tuple[str, ...], list[Message]] = {}
    for message in messages:
        groups.setdefault((message.code, message.what, message.why, message.hint), []).append(message)
    return [replace(group[0], where="\n".join(filter(None, (m.where for m in group)))) for group in groups.values()]


def paragraph(message: Message) -> str:
    """What, where, why, hint; styled for a terminal (click takes the styles out elsewhere)."""
    code = click.style(message.code, fg=_COLOURS[message.code[0]], bold=True)
    lines = [f"{code}: {message.what}"]
    for label, text in (("where", message.where), ("why", message.why), ("do", message.hint)):
        if text:
            lines.append(f"  {click.style(f'{label}:', dim=True)} " + text.replace("\n", "\n         "))
    return "\n".join(lines)


def json_failure(messages: Sequence[Message], status: int) -> str:
    """The document that stands in for a result: ``{"ok": false, "exit_status": 3, "messages": [...]}``."""
    rows = [message.as_dict() for message in messages]
    return to_json({"ok": False, "exit_status": status, "messages": rows})


def to_json(data: object) -> str:
    """JSON as every command prints it; infinity and NaN, for which JSON has no number, as strings."""
    return json.dumps(_plain(data), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(data: object) -> object:
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple | set | frozenset):
        return [_plain(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return str(data)
    return data if data is None or isinstance(data, str | int | float) else str(data)

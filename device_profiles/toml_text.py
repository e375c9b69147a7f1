"""Values as TOML writes them: the standard library reads TOML only."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BARE = re.compile(r"^[A-Za-z0-9_-]+$")
_WIDTH = 110


def key_text(key: str) -> str:
    """A key: bare where it may be, else in quotation marks."""
    return key if _BARE.match(key) else json.dumps(key, ensure_ascii=False)


def value_text(value: Any) -> str:
    """A value on one line: a string, a number, a truth value, a list, or a table with its braces.

    Raises:
        TypeError: TOML has no such value.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):  # JSON escapes what TOML does, and DEL, which TOML wants escaped too
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key_text(key)} = {value_text(each)}" for key, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(value_text(each) for each in value)}]"
    raise TypeError(f"TOML has no {type(value).__name__}")


def pair_text(key: str, value: Any) -> str:
    """``key = value``; the elements of a long list get a line each."""
    line = f"{key_text(key)} = {value_text(value)}"
    if len(line) <= _WIDTH or isinstance(value, str | Mapping) or not isinstance(value, Sequence):
        return line
    return f"{key_text(key)} = [\n" + "".join(f"    {value_text(each)},\n" for each in value) + "]"

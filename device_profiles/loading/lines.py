"""Where the keys of a TOML document stand: `tomllib` tells no line of what it has read.

The document is valid when it comes here (tomllib has read it), so that only as much of the grammar is needed as finds
where a key or a value ends. Why not a parser that knows lines: docs/decisions/0018-device-profiles.md.
"""

import re

Key = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]\}#\n]+")


def lines(text: str) -> dict[Key, int]:
    """The line of each key, table and element of a list, counted from 1.

    Args:
        text: a TOML document that `tomllib` reads.

    Returns:
        By path: ``("npu", "sram_mib", "value")``; elements of lists by their index.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.found: dict[Key, int] = {}
        self.last_index: dict[Key, int] = {}
        self._line, self._counted = 1, 0

    def document(self) -> None:
        table: Key = ()
        while True:
            self._skip(_BLANK)
            if self.at >= len(self.text):
                return
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Key:
        """``[a.b]`` or ``[[a.b]]``; the path of the table that begins here."""
        width = 2 if self.text.startswith("[[", self.at) else 1
        line = self._line_now()
        self.at += width
        path = self._inside(self._key())
        self._skip(_SPACE)
        self.at += width
        if width == 2:
            self.last_index[path] = self.last_index.get(path, -1) + 1
            self.found.setdefault(path, line)
            path = (*path, self.last_index[path])
        self._note(path, line)
        return path

    def _inside(self, key: list[str]) -> Key:
        """A path that goes through lists of tables goes through their last elements."""
        path: Key = ()
        for depth, part in enumerate(key, 1):
            path = (*path, part)
            if depth < len(key) and path in self.last_index:
                path = (*path, self.last_index[path])
        return path

    def _pair(self, table: Key) -> None:
        line = self._line_now()
        path = (*table, *self._key())
        self._note(path, line)
        self._skip(_SPACE)
        self.at += 1  # the sign =
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            quoted = _STRING.match(self.text, self.at)
            found = quoted or _BARE.match(self.text, self.at)
            if not found:  # only a document that tomllib refuses; nothing is found in it
                self.at = len(self.text)
                return parts
            parts.append(found[0][1:-1] if quoted else found[0])
            self.at = found.end()
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def _value(self, path: Key) -> None:
        start = self.text[self.at : self.at + 1]
        if start == "[":
            self._list(path)
        elif start == "{":
            self._inline(path)
        else:
            found = _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            self.at = found.end() if found else len(self.text)

    def _list(self, path: Key) -> None:
        self.at += 1
        index = 0
        while not self._closed("]"):
            self._note((*path, index), self._line_now())
            self._value((*path, index))
            index += 1

    def _inline(self, path: Key) -> None:
        self.at += 1
        while not self._closed("}"):
            self._pair(path)

    def _closed(self, end: str) -> bool:
        """Past a separator, if there is one; whether the list or table ends here."""
        self._skip(_BLANK)
        if self.text.startswith(",", self.at):
            self.at += 1
            self._skip(_BLANK)
        if self.at < len(self.text) and self.text[self.at] != end:
            return False
        self.at += 1
        return True

    def _skip(self, what: re.Pattern[str]) -> None:
        found = what.match(self.text, self.at)
        if found:
            self.at = found.end()

    def _note(self, path: Key, line: int) -> None:
        for depth in range(1, len(path) + 1):
            self.found.setdefault(path[:depth], line)

    def _line_now(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line


def line_of(found: dict[Key, int], path: Key) -> int | None:
    """The line of a path, or of the nearest table around it; None where there is neither."""
    return next((found[path[:depth]] for depth in range(len(path), 0, -1) if path[:depth] in found), None)

"""Names that MIL takes: a letter or underscore, then letters, digits and underscores; each given once."""

import re

_BAD = re.compile(r"[^A-Za-z0-9_]")


class Names:
    """Gives names that were not given before.

    Attributes:
        features: those of inputs and outputs.
    """

    def __init__(self) -> None:
        self._given: set[str] = set()
        self.features: set[str] = set()

    def take(self, wanted: str) -> str:
        """`wanted` if MIL takes it and it is free, else what is nearest."""
        name = identifier(wanted)
        number = 0
        while name in self._given:
            number += 1
            name = f"{identifier(wanted)}_{number}"
        self._given.add(name)
        return name


def identifier(text: str) -> str:
    """`text` with underscores for what MIL does not take."""
    name = _BAD.sub("_", text)
    return name if name and not name[0].isdigit() else f"_{name}"

"""The errors that every layer raises: what, where, why and what to do, with a code that never changes.

They live in the lowest layer because each layer may only import those below it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from portproof.device_profiles.codes import CODES


@dataclass(frozen=True, kw_only=True)
class Message:
    """One finding for the user.

    Attributes:
        code: a key of `codes.CODES`, such as ``"E-OP-UNSUPPORTED"`` or ``"W-RANDOM-DATA"``.
        what: one sentence, no trailing dot needed.
        where: the file, node, input or torch line concerned; empty when the sentence says it all.
        why: the reason, one sentence.
        hint: what the user can do about it.
        details: further facts for machines (JSON-able), shown with ``--json`` only.
    """

    code: str
    what: str
    where: str = ""
    why: str = ""
    hint: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise KeyError(f"{self.code} is not in the catalogue of codes")

    def as_dict(self) -> dict[str, Any]:
        """The message as JSON-able data; empty fields are left out."""
        data = {
            "code": self.code,
            "what": self.what,
            "where": self.where,
            "why": self.why,
            "hint": self.hint,
            "details": self.details,
        }
        return {key: value for key, value in data.items() if value}


class PortproofError(Exception):
    """What any function of Portproof raises for a user's mistake or a refusal.

    Attributes:
        messages: one or more findings, the main one first; all refusals of a stage come together.
    """

    def __init__(self, code: str, what: str, *, where: str = "", why: str = "", hint: str = "", **details: Any) -> None:
        super().__init__(what)
        self.messages: tuple[Message, ...] = (
            Message(code=code, what=what, where=where, why=why, hint=hint, details=details),
        )

    @classmethod
    def of(cls, messages: Sequence[Message]) -> "PortproofError":
        """An error that carries several findings at once (at least one)."""
        first = messages[0]
        error = cls(first.code, first.what)
        error.messages = tuple(messages)
        return error

    @property
    def code(self) -> str:
        """The code of the main finding."""
        return self.messages[0].code

    @property
    def exit_status(self) -> int:
        """The process exit status that the main finding leads to."""
        return CODES[self.code].status

    def __str__(self) -> str:
        """All findings, one paragraph each, as a plain-text reader would want them."""
        return "\n".join(_plain(message) for message in self.messages)


def _plain(message: Message) -> str:
    lines = [f"{message.code}: {message.what}"]
    for label, text in (("where", message.where), ("why", message.why), ("hint", message.hint)):
        if text:
            lines.append(f"  {label}: {text}")
    return "\n".join(lines)

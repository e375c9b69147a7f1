"""Passes warnings on as they come, and keeps them for the report."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from portproof.device_profiles.errors import Message
from portproof.exporter.progress import Progress


@dataclass(kw_only=True)
class Told:
    """What was told so far; each warning goes to `progress` as it comes."""

    progress: Progress
    messages: list[Message] = field(default_factory=list)

    def add(self, messages: Sequence[Message], about: str = "") -> None:
        """Tell more; `about` is the function that messages without a place are about."""
        placed = [replace(message, where=message.where or about) for message in messages]
        self.messages += placed
        for message in placed:
            self.progress.message(message)

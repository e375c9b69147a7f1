"""What a slow function tells while it works: the steps it takes, and findings as they come."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from portproof.device_profiles.errors import Message


class Progress(Protocol):
    """A listener; the command line draws bars, a program may pass its own."""

    def step(self, title: str, total: int | None = None) -> AbstractContextManager[Callable[[], None]]:
        """A step begins; it ends with the block. With a `total`, call what is yielded once a piece."""

    def message(self, message: Message) -> None:
        """A warning, when it is found (the result holds it too, unless it is about this run only)."""

    def note(self, text: str) -> None:
        """A fact worth a line, such as what the data holds."""


class Silent:
    """Nobody listens."""

    def step(
        self,
        title: str,  # noqa: ARG002 - the protocol's
        total: int | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[Callable[[], None]]:
        """Nothing to show."""
        return nullcontext(lambda: None)

    def message(self, message: Message) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""

"""What a run tells of itself: steps while they run, how long each took, findings."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from portproof.device_profiles.errors import Message
from portproof.runtimes.progress import Progress


@dataclass(kw_only=True)
class Telling:
    """Of one run.

    Attributes:
        progress: is told of steps, notes and findings.
        seconds: that each part took, by its title.
        messages: all findings so far.
    """

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)

    @contextmanager
    def part(self, title: str, total: int | None = None) -> Iterator[Callable[[], None]]:
        """A step that is timed; gives what is to be called once for each of `total`."""
        start = time.perf_counter()
        with self.progress.step(title, total) as advance:
            yield advance
        self.seconds[title] = time.perf_counter() - start

    def note(self, text: str) -> None:
        """A sentence."""
        self.progress.note(text)

    def add(self, messages: Iterable[Message]) -> None:
        """Findings."""
        for message in messages:
            self.messages.append(message)
            self.progress.message(message)

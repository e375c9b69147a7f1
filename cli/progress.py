"""Show the steps of a slow command on stderr: bars on a terminal, else plain lines, nothing with ``-q``."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import click

from portproof.cli.report_errors import print_messages
from portproof.device_profiles.errors import Message
from portproof.exporter.progress import Progress


class Listener(Progress, Protocol):
    """A progress that remembers the findings it was told."""

    told: list[Message]


def listener(*, quiet: bool) -> Listener:
    """What fits: bars when stderr is a terminal and CI is not set."""
    if quiet:
        return Quiet()
    return Bars() if sys.stderr.isatty() and not os.environ.get("CI") else Lines()


class Quiet:
    """Shows nothing."""

    def __init__(self) -> None:
        self.told: list[Message] = []

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Callable[[], None]]:  # noqa: ARG002
        """Nothing to show."""
        yield lambda: None

    def message(self, message: Message) -> None:
        """Keep it for ``--json``."""
        self.told.append(message)

    def note(self, text: str) -> None:
        """Nothing to show."""


class Lines(Quiet):
    """A line when a step ends, with its duration."""

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Callable[[], None]]:
        """Time it; a step that raises is not reported as done."""
        start = time.perf_counter()
        with self._drawn(title, total) as advance:
            yield advance
        click.echo(f"  {title}  {time.perf_counter() - start:.1f} s", file=sys.stderr)

    @contextmanager
    def _drawn(self, title: str, total: int | None) -> Iterator[Callable[[], None]]:  # noqa: ARG002
        yield lambda: None

    def message(self, message: Message) -> None:
        """Print it at once."""
        super().message(message)
        print_messages([message])

    def note(self, text: str) -> None:
        """Print it at once."""
        click.echo(f"  {text}", file=sys.stderr)


class Bars(Lines):
    """A bar while the step works (a spinner when its length is not known), then its line."""

    @contextmanager
    def _drawn(self, title: str, total: int | None) -> Iterator[Callable[[], None]]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Rich

        counted = (BarColumn(), MofNCompleteColumn()) if total is not None else ()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), *counted, TimeElapsedColumn())
        with Rich(*columns, console=Console(file=sys.stderr), transient=True, redirect_stdout=False) as rich:
            task = rich.add_task(title, total=total)
            yield lambda: rich.advance(task)

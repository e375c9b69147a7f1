"""What a command returns, and the decorator that prints it: the commands themselves print nothing."""

import functools
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click

from portproof.cli.progress import Listener, listener
from portproof.cli.report_errors import print_messages, to_json
from portproof.cli.streams import results_only
from portproof.device_profiles.errors import Message


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a command.

    Attributes:
        data: for ``--json``, under the key ``result``.
        text: for a reader, on stdout.
        messages: findings not told yet while the command worked.
        status: the exit status; not 0 when a gate failed.
        epilogue: what was written and what to do next, on stderr.
    """

    data: Mapping[str, Any]
    text: str = ""
    messages: tuple[Message, ...] = field(default=())
    status: int = 0
    epilogue: str = ""


def prints_outcome(function: Callable[..., Outcome]) -> Callable[..., int]:
    """Give a command ``--json``, ``-q``, ``-v`` and a `progress` to tell its steps to; print its Outcome."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, errors too.")
    @click.option("-q", "--quiet", is_flag=True, help="No progress and no warnings on stderr.")
    @click.option("-v", "--verbose", count=True, help="Logs of the libraries on stderr; -vv for all.")
    @functools.wraps(function)
    def command(*args: Any, as_json: bool, quiet: bool, verbose: int, **kwargs: Any) -> int:
        with _logs(verbose), results_only() as results:
            progress = listener(quiet=quiet)
            outcome = function(*args, progress=progress, **kwargs)
            results.write(_document(outcome, progress) if as_json else _lines(outcome.text))
        if not quiet and not as_json:
            print_messages(outcome.messages, note=outcome.epilogue)
        elif not as_json:
            print_messages([message for message in outcome.messages if message.code.startswith("E-")])
        return outcome.status

    return command


@contextmanager
def _logs(verbose: int) -> Iterator[None]:
    """Logs of libraries go where stderr is at that moment, with ``-v`` only; so do warnings of Python."""
    root, handler, before = logging.root, _Stderr(), logging.root.level
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel((logging.CRITICAL, logging.INFO, logging.DEBUG)[min(verbose, 2)])
    try:
        with warnings.catch_warnings():
            if not verbose:
                warnings.simplefilter("ignore")
            yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


class _Stderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


def _document(outcome: Outcome, progress: Listener) -> str:
    rows = [message.as_dict() for message in (*progress.told, *outcome.messages)]
    head = {"ok": outcome.status == 0, "exit_status": outcome.status, "messages": rows}
    return to_json({**head, "result": outcome.data}) + "\n"


def _lines(text: str) -> str:
    return text.rstrip("\n") + "\n" if text else ""

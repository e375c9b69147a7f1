"""The command `portproof`: run it, and turn whatever happens into an exit status and a readable message."""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click
from click.shell_completion import shell_complete

from portproof.cli.group import app
from portproof.cli.report_errors import json_failure, print_messages
from portproof.device_profiles.codes import INTERNAL, OK
from portproof.device_profiles.errors import Message, PortproofError

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
PIPE_CLOSED = 141  # 128 + SIGPIPE


def main() -> NoReturn:
    """The console script."""
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit status. Nothing is raised but SystemExit by a signal."""
    as_json = "--json" in arguments
    try:
        status = _invoke(list(arguments))
        sys.stdout.flush()
        return status
    except PortproofError as error:
        return _fail(error.messages, error.exit_status, as_json)
    except click.ClickException as error:
        message = _usage(error)
        return _fail([message], PortproofError.of([message]).exit_status, as_json)
    except (KeyboardInterrupt, click.Abort):
        print_messages([], note="interrupted; nothing was changed")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else the interpreter complains when it flushes
        return PIPE_CLOSED
    except Exception as error:  # the last line of defence: a bundle, never a bare traceback
        from portproof.cli.crash import bundle

        return _fail([bundle(error, arguments)], INTERNAL, as_json)


def _invoke(arguments: list[str]) -> int:
    """What `app.main` does, but for its way with a closed pipe: it exits with 1, which is a failed gate here."""
    instruction = os.environ.get("_PORTPROOF_COMPLETE")
    if instruction:
        return shell_complete(app, {}, "portproof", "_PORTPROOF_COMPLETE", instruction)
    try:
        with app.make_context("portproof", arguments) as context:
            status = app.invoke(context)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    return status if isinstance(status, int) else OK


def _fail(messages: Sequence[Message], status: int, as_json: bool) -> int:
    if as_json:
        click.echo(json_failure(messages, status))
    else:
        print_messages(messages)
    return status


def _usage(error: click.ClickException) -> Message:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "portproof"
    return Message(
        code="E-USAGE",
        what=error.format_message(),
        where=path,
        hint=f"`{path} --help` shows what it takes",
    )


def _terminated(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - a signal handler's signature
    """End as after an exception, so that temporary folders are removed."""
    sys.exit(128 + number)

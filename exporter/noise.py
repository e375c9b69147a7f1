"""Keeps what third parties print, log and warn about away from the user, and keeps it for the log."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def captured() -> Iterator[io.StringIO]:
    """Collect stdout, stderr, log records and warnings of Python code into one text while the block runs.

    It works on Python's streams, not on file descriptors, so that a progress bar that holds its own stream keeps
    moving.
    """
    log = io.StringIO()
    with (
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
        _log_handlers(log),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, category, *_, **__: print(f"{category.__name__}: {message}", file=log)
        yield log


@contextlib.contextmanager
def _log_handlers(log: io.StringIO) -> Iterator[None]:
    """Turn the handlers that write to a stream of their own: torch made its when it was imported."""
    turned = [(handler, handler.stream) for handler in _stream_handlers()]
    for handler, _ in turned:
        handler.stream = log  # not setStream, which flushes: the other may be closed by now
    try:
        yield
    finally:
        for handler, stream in turned:
            handler.stream = stream


def _stream_handlers() -> Iterator["logging.StreamHandler[io.TextIOBase]"]:
    loggers = [logging.getLogger(), *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", []):
            if type(handler) is logging.StreamHandler:  # not its descendants, which write to files
                yield handler

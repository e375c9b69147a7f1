"""Keep stdout for results: what a model's own code or a C library prints goes to stderr."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO


@contextmanager
def results_only() -> Iterator[TextIO]:
    """Yields a stream on the real stdout; descriptor 1 and `sys.stdout` lead to stderr within the block."""
    sys.stdout.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(real), "w", encoding="utf-8") as results, redirect_stdout(sys.stderr):
            yield results
    finally:
        sys.stderr.flush()
        os.dup2(real, 1)
        os.close(real)

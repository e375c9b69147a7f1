"""What runs first in a child process: its limits, its lifeline, then the function asked for.

Started by `isolate.start_child`; not for use in the parent.
"""

import contextlib
import importlib
import json
import os
import resource
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any


def main() -> None:
    """Apply the settings of ``sys.argv[1]`` and call its target with the arguments that follow."""
    settings = json.loads(sys.argv[1])
    limit(resource.RLIMIT_CORE, 0)
    if settings["memory_bytes"] is not None:
        limit(resource.RLIMIT_DATA, settings["memory_bytes"])
    die_with(sys.stdin.fileno())
    status = call(settings["target"], sys.argv[2:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: native libraries' exit handlers may hang or crash after the work is done.
    os._exit(status)


def limit(kind: int, value: int) -> None:
    """Lower a resource limit, as far as the system allows."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, hard))


def die_with(fd: int) -> None:
    """End this process group as soon as the other end of a pipe or socket closes: the parent is gone."""
    threading.Thread(target=_watch, args=(fd,), daemon=True).start()


def call(target: str, args: list[str]) -> int:
    """Call ``package.module:function`` and return its exit status; 1, with a traceback, when it raises."""
    module, _, function = target.partition(":")
    try:
        result = _callable(module, function)(*args)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # whatever it is, the parent must hear of it
        traceback.print_exc()
        return 1
    return result if isinstance(result, int) else 0


def _callable(module: str, function: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def _watch(fd: int) -> None:
    poll = select.poll()
    poll.register(fd, 0)  # a hang-up is reported whatever is asked for
    poll.poll()
    os.killpg(0, signal.SIGKILL)

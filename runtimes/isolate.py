"""Runs a Python function in a fresh child process with a time and a memory limit.

Native code that Portproof calls (simplifiers, kernels) can abort, loop or allocate without end. In a child it
can take down nothing but itself, and the caller gets to say what happened. Linux and macOS.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1));from portproof.runtimes.child import main; main()"
_OUTPUT_LIMIT = 64 << 20
# Of the machine's memory; beyond it the kernel would end some other process than ours.
_MEMORY_SHARE = 0.9


@dataclass(frozen=True, kw_only=True)
class IsolatedResult:
    """How a child ended.

    Attributes:
        returncode: as of `subprocess`: 0 is success, 1 an exception, negative the signal that killed it.
        stdout: what the child wrote to its standard output, its last 64 MiB.
        stderr: the same of its standard error; a traceback when the function raised.
        timed_out: whether it was killed because its time was over.
    """

    returncode: int
    stdout: str
    stderr: str
    timed_out: bool

    @property
    def ok(self) -> bool:
        """Whether the function returned normally and in time."""
        return self.returncode == 0 and not self.timed_out


def run_isolated(
    target: str,
    *args: str,
    timeout_s: float,
    memory_bytes: int | None,
    env: Mapping[str, str] | None = None,
) -> IsolatedResult:
    """Call `target(*args)` in a fresh child process and wait for its end.

    The child has the parent's `sys.path` and working directory, none of its PYTHON* settings, no core dumps,
    and dies with its parent. What it prints goes into the result, never to the terminal.

    Args:
        target: ``"package.module:function"``; the function takes strings, and returns None or an exit status.
        args: its arguments.
        timeout_s: wall time in seconds after which the child and its own children are killed.
        memory_bytes: limit on the data it allocates (RLIMIT_DATA: private writable memory, which, unlike the
            address space, does not count what libraries only reserve); None for no limit. macOS ignores it.
        env: variables to set on top of the parent's environment.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = start_child(target, args, memory_bytes=memory_bytes, env=env, stdout=out, stderr=err)
        try:
            timed_out = not _ended(child, timeout_s)
        finally:
            kill_group(child)
        return IsolatedResult(
            returncode=child.returncode,
            stdout=tail(out, _OUTPUT_LIMIT),
            stderr=tail(err, _OUTPUT_LIMIT),
            timed_out=timed_out,
        )


def start_child(
    target: str,
    args: Sequence[str],
    *,
    memory_bytes: int | None,
    env: Mapping[str, str] | None,
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    pass_fds: tuple[int, ...] = (),
) -> "subprocess.Popen[bytes]":
    """Start a child that will call `target(*args)`; the leader of its own process group.

    Its standard input is a pipe, its lifeline: the child ends when the other end of that closes.
    """
    settings = json.dumps({"target": target, "memory_bytes": memory_bytes})
    # The empty entry of an interactive session means "the working directory": not a place to load code from.
    path = json.dumps([entry for entry in sys.path if entry])
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _BOOT, path, settings, *args],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        env={**os.environ, **(env or {})},
        start_new_session=True,
        pass_fds=pass_fds,
    )


def kill_group(child: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of the child's process group and collect the child's exit status."""
    # Gone already; macOS says EPERM for a group of zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdin:
        child.stdin.close()


def machine_memory_limit() -> int:
    """Nine tenths of the machine's memory, in bytes."""
    return int(_MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def describe_exit(returncode: int) -> str:
    """An exit status as a clause: ``"was killed by SIGABRT"``, ``"ended with status 3"``."""
    if returncode >= 0:
        return f"ended with status {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = f"signal {-returncode}"
    return f"was killed by {name}"


def tail(stream: IO[bytes], limit: int) -> str:
    """The last `limit` bytes of a file as text; bytes that are not UTF-8 are replaced."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - limit))
    return stream.read(limit).decode("utf-8", "replace")


def _ended(child: "subprocess.Popen[bytes]", timeout_s: float) -> bool:
    try:
        child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return False
    return True

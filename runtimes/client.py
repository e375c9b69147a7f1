"""The parent's side of an isolated runner: a model in a child process that may abort, hang or print as it likes."""

import contextlib
import dataclasses
import json
import socket
import subprocess
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes.base import BaseRunner
from portproof.runtimes.isolate import describe_exit, kill_group, machine_memory_limit, start_child, tail
from portproof.runtimes.options import RunOptions
from portproof.runtimes.registry import find_format
from portproof.runtimes.spec import Array, TensorSpec
from portproof.runtimes.wire import Channel

WORKER = "portproof.runtimes.worker:serve"
_LOG_LIMIT = 64 << 10
_LOG_LINES = 12
_EXIT_WAIT_S = 5.0


class IsolatedRunner(BaseRunner):
    """A runner whose model lives in a child process of its own: one load, many runs.

    Args:
        path: the model file.
        options: how to run it.
        timeout_s: limit in seconds for loading, and for each run.
        memory_bytes: limit on what the child allocates; None for nine tenths of the machine's memory.

    Raises:
        PortproofError: what the adapter raises; ``E-RUN`` with the signal and the last lines it wrote when
            the child dies; ``E-RUN-TIMEOUT``, the child being killed. After either the runner is closed.
    """

    def __init__(self, path: Path, options: RunOptions, *, timeout_s: float, memory_bytes: int | None = None) -> None:
        self._runtime = find_format(path).name
        self._timeout_s = timeout_s
        self.path = path
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the runner
        ours, theirs = socket.socketpair()
        with theirs:
            self._child = _start(theirs, path, options, memory_bytes, self._log)
        self._channel = Channel(ours)
        self._stop = weakref.finalize(self, _stop, self._child, self._channel, self._log)
        try:
            header, _ = self._receive("loading")
        except PortproofError:
            self.close()
            raise
        super().__init__(path, _specs(header["inputs"]), _specs(header["outputs"]))

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def close(self) -> None:
        """End the child; safe to call twice."""
        self._stop()

    def run_unchecked(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run without the checks on what is fed: for callers that made sure, and for timing."""
        if not self._stop.alive:
            raise PortproofError("E-RUN", f"the runner of {self.path.name} is closed", where=str(self.path))
        try:
            self._channel.send({}, inputs, timeout_s=self._timeout_s)
        except TimeoutError:
            self._timed_out("taking its inputs")
        except OSError:
            self._died("taking its inputs")
        return self._receive("running")[1]

    def _receive(self, doing: str) -> tuple[dict[str, Any], dict[str, Array]]:
        try:
            header, arrays = self._channel.receive(timeout_s=self._timeout_s)
        except TimeoutError:
            self._timed_out(doing)
        except (EOFError, OSError):
            self._died(doing)
        if "error" in header:
            raise PortproofError.of([Message(**message) for message in header["error"]])
        return header, arrays

    def _timed_out(self, doing: str) -> NoReturn:
        self.close()
        raise PortproofError(
            "E-RUN-TIMEOUT",
            f"{self._runtime} did not finish {doing} {self.path.name} in {self._timeout_s:g} s",
            where=str(self.path),
            hint="give it more time, or look at what it computes with `portproof inspect`",
        )

    def _died(self, doing: str) -> NoReturn:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_EXIT_WAIT_S)
        kill_group(self._child)
        returncode, said = self._child.returncode, _last_words(self._log)
        self.close()
        raise PortproofError(
            "E-RUN",
            f"{self._runtime} {describe_exit(returncode)} while {doing} {self.path.name}",
            where=str(self.path),
            why=f"its last words: {said}" if said else "it said nothing",
            hint="the process may have run out of memory" if returncode == -9 else "",
            returncode=returncode,
        )


def _start(
    sock: socket.socket, path: Path, options: RunOptions, memory_bytes: int | None, log: IO[bytes]
) -> "subprocess.Popen[bytes]":
    settings = json.dumps(dataclasses.asdict(options))
    return start_child(
        WORKER,
        [str(sock.fileno()), str(path), settings],
        memory_bytes=memory_bytes or machine_memory_limit(),
        env=None,
        stdout=log,
        stderr=log,
        pass_fds=(sock.fileno(),),
    )


def _stop(child: "subprocess.Popen[bytes]", channel: Channel, log: IO[bytes]) -> None:
    channel.close()
    kill_group(child)
    log.close()


def _last_words(log: IO[bytes]) -> str:
    lines = [line for line in tail(log, _LOG_LIMIT).splitlines() if line.strip() and not line.startswith("INFO:")]
    return "\n".join(lines[-_LOG_LINES:])


def _specs(plain: list[dict[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(
            **{
                **spec,
                "shape": tuple(spec["shape"]),
                "perm": None if spec["perm"] is None else tuple(spec["perm"]),
                "quantization": None if spec["quantization"] is None else tuple(spec["quantization"]),
            }
        )
        for spec in plain
    )

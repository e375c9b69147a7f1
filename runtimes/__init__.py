"""Runs an artifact and measures it: adapters, parity metrics, latency. Never converts."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portproof.runtimes.options import Kernels
    from portproof.runtimes.spec import Runner


def open(  # noqa: A001 - `portproof.runtimes.open(path)` reads as it should
    path: str | os.PathLike[str],
    *,
    isolated: bool = True,
    threads: int = 1,
    timeout_s: float = 120.0,
    kernels: "Kernels" = "default",
) -> "Runner":
    """Load a model file into the runtime of its format.

    Args:
        path: a ``.tflite``, ``.onnx`` or ``.ort`` file.
        isolated: whether it runs in a child process, where an abort or a hang does no harm and nothing is
        printed.
        threads: CPU threads of the runtime.
        timeout_s: limit in seconds for loading and for each run; only an isolated runner can keep it.
        kernels: ``"default"``, or ``"reference"`` for the runtime's plain, unoptimised arithmetic.

    Returns:
        A `spec.Runner`; close it, or use it as a context manager.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-*``, ``E-RUN``, ``E-RUN-TIMEOUT``, ``E-INSTALL``.
    """
    from pathlib import Path

    from portproof.runtimes.options import RunOptions

    options = RunOptions(threads=threads, kernels=kernels)
    if not isolated:
        from portproof.runtimes.registry import open_here

        return open_here(Path(path), options)
    from portproof.runtimes.client import IsolatedRunner

    return IsolatedRunner(Path(path), options, timeout_s=timeout_s)

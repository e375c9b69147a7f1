"""Runs an artifact and measures it: adapters, parity metrics, latency. Never converts."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portproof.runtimes.options import Kernels, Precision
    from portproof.runtimes.spec import Runner


def open(  # noqa: A001 - `portproof.runtimes.open(path)` reads as it should
    path: str | os.PathLike[str],
    *,
    isolated: bool = True,
    threads: int = 1,
    timeout_s: float = 120.0,
    kernels: "Kernels" = "default",
    signature: str = "",
    precision: "Precision" = "strict",
) -> "Runner":
    """Load a model file into the runtime of its format.

    Args:
        path: a ``.tflite``, ``.onnx``, ``.ort`` or ``.mlmodel`` file, or a ``.mlpackage`` or ``.aimodel`` folder.
        isolated: whether it runs in a child process, where an abort or a hang does no harm and nothing is
        printed.
        threads: CPU threads of the runtime.
        timeout_s: limit in seconds for loading and for each run; only an isolated runner can keep it.
        kernels: ``"default"``, or ``"reference"`` for the runtime's plain, unoptimised arithmetic.
        signature: of a file that offers several functions, the one to run (`runtimes.signatures` lists them);
            ``serving_default``, else the first, when left out; of a ``.mlpackage`` its default function.
        precision: of the Core ML emulator: ``"strict"`` rounds every result to its declared type, ``"minimum"``
            computes float16 values in float32.

    Returns:
        A `spec.Runner`; close it, or use it as a context manager.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-*``, ``E-RUN``, ``E-RUN-TIMEOUT``, ``E-INSTALL``;
            ``E-USAGE`` for a signature that the file does not have.
    """
    from pathlib import Path

    from portproof.runtimes.options import RunOptions

    options = RunOptions(threads=threads, kernels=kernels, signature=signature, precision=precision)
    if not isolated:
        from portproof.runtimes.registry import open_here

        return open_here(Path(path), options)
    from portproof.runtimes.client import IsolatedRunner

    return IsolatedRunner(Path(path), options, timeout_s=timeout_s)


def signatures(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The names of the functions that a model file offers, in its order; empty where the format has no names.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-FORMAT``.
    """
    from pathlib import Path

    from portproof.runtimes.registry import find_format

    name = find_format(Path(path)).name
    if name == "LiteRT":
        from portproof.runtimes.tflite_format import signatures as read

        return tuple(read(Path(path)))
    if name == "Core ML emulator":
        from portproof.runtimes.coreml.runner import function_names

        return function_names(Path(path))
    return ()

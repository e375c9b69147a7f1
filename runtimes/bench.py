"""Latency of model files on this host: several at once, in turn, so that the comparison is fair.

What is measured is this machine, never a device. Of a file: the time to load, the first run, then the
distribution over rounds of wall time and of CPU time (of the thread that runs, with one thread; of the
process with more); the peak memory in a process of its own; and per-operator times where the runtime has them
(ONNX Runtime; LiteRT's Python API has none). With one thread, files are compared by CPU time, which does not
count what other programs took; with more, by wall time.
"""

import json
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes import signatures
from portproof.runtimes.isolate import IsolatedResult, describe_exit, machine_memory_limit, run_isolated
from portproof.runtimes.options import Kernels
from portproof.runtimes.registry import COREML, find_format
from portproof.runtimes.stats import Comparison, Floats, Spread, compare, spread

_WORKER = "portproof.runtimes.bench_worker"
_LOG_LINES = 12
# Above this half-width of the median's confidence interval a measurement is called noisy.
_NOISY = 0.05
_TICK_MS = 1e-6
NO_PROFILE = "not available: the runtime's Python API gives no per-operator times"


@dataclass(frozen=True, kw_only=True)
class BenchOptions:
    """How to measure.

    Attributes:
        threads: CPU threads of the runtime; the process is bound to as many CPUs.
        loads: how often each file is loaded anew; at least 3 for a comparison.
        rounds: samples a file at most, over all loads.
        budget_s: seconds after which no round is begun, over all loads; each load has one round at least.
        warmup: samples thrown away at the begin of each load.
        kernels: as of `runtimes.open`.
        signature: of files that offer several functions, the one to measure; empty for all of them.
        data: DATA of which the first sample is fed; empty for a seeded random one.
        seed: of that.
        profile: whether to take per-operator times.
        timeout_s: limit in seconds for each child process.
    """

    threads: int = 1
    loads: int = 8
    rounds: int = 64
    budget_s: float = 30.0
    warmup: int = 3
    kernels: Kernels = "default"
    signature: str = ""
    data: str = ""
    seed: int = 0
    profile: bool = True
    timeout_s: float = 600.0


@dataclass(frozen=True, kw_only=True)
class FileTiming:
    """One file's measurements.

    Attributes:
        file: its path as given.
        signature: which of its functions; empty where it offers one only.
        runtime: its name.
        load_ms: median time to load it.
        first_run_ms: median time of the first run after a load, which allocates and packs weights.
        wall: distribution of the wall time of a run.
        cpu: the same of the CPU time.
        loads: how often it was loaded.
        rounds: samples taken, over all loads.
        runs_per_sample: runs a sample is the mean of.
        peak_bytes: peak resident memory of a process that loads it and runs it twice.
        above_runtime_bytes: of that, what came after the runtime's package was loaded.
        profile: per-operator times, slowest first (``name``, ``op``, ``ms``), or None.
        profile_note: why there are none.
        against_first: the comparison with the first file, of several functions with the same one in the first file
            that has it; None for that one itself.
    """

    file: str
    signature: str
    runtime: str
    load_ms: float
    first_run_ms: float
    wall: Spread
    cpu: Spread
    loads: int
    rounds: int
    runs_per_sample: int
    peak_bytes: int
    above_runtime_bytes: int
    profile: tuple[dict[str, Any], ...] | None
    profile_note: str
    against_first: Comparison | None


@dataclass(frozen=True, kw_only=True)
class BenchResult:
    """What `bench` measured.

    Attributes:
        host: the machine in words: the numbers are its, not a device's.
        threads: of the runtimes.
        pinned: the CPUs the process was bound to; empty where the system cannot.
        compared_by: ``"cpu"`` or ``"wall"``.
        files: in the order given.
        findings: ``W-NOISY``.
    """

    host: str
    threads: int
    pinned: tuple[int, ...]
    compared_by: str
    files: tuple[FileTiming, ...]
    findings: tuple[Message, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        findings = [finding.as_dict() for finding in self.findings]
        return {**asdict(self), "measured_on": "this host, not a device", "findings": findings}


def bench(files: Sequence[str | os.PathLike[str]], options: BenchOptions | None = None) -> BenchResult:
    """Measure files against each other; the first one is the baseline.

    Raises:
        PortproofError: ``E-USAGE`` without files; ``E-FILE-MISSING``; ``E-MODEL-*``; ``E-DATA-*``; ``E-RUN``;
            ``E-RUN-TIMEOUT``.
    """
    options = options or BenchOptions()
    paths = [os.fspath(file) for file in files]
    if not paths or min(options.threads, options.loads, options.rounds) < 1:
        raise PortproofError("E-USAGE", "name at least one file, thread, load and round")
    _refuse_emulated(paths)
    targets = [target for path in paths for target in _targets(path, options)]
    if options.data and len({target.signature for target in targets}) > 1:
        raise _whose_data(targets)
    timed = _child("interleaved", targets, options)
    singles = [_child("single", [target], options) for target in targets]
    by = "cpu" if options.threads == 1 else "wall"
    comparisons = _comparisons(targets, [_latencies(entry[by]) for entry in timed["files"]])
    timings = tuple(_timing(*entry) for entry in zip(targets, timed["files"], singles, comparisons, strict=True))
    return BenchResult(
        host=host(),
        threads=options.threads,
        pinned=tuple(timed["pinned"]),
        compared_by=by,
        files=timings,
        findings=tuple(_noise_findings(timings, by)),
    )


def _refuse_emulated(paths: Sequence[str]) -> None:
    """The emulator's speed is not Core ML's, on this host or any other."""
    emulated = [path for path in paths if find_format(Path(path)).name == COREML]
    if emulated:
        raise PortproofError.of(
            [
                Message(
                    code="E-USAGE",
                    what=f"{Path(path).name} cannot be measured here",
                    where=path,
                    why="Core ML runs on Apple's systems only, and the emulator's speed says nothing of theirs",
                    hint="measure it with Xcode's performance report; here measure the .tflite or .onnx beside it",
                )
                for path in emulated
            ]
        )


def host() -> str:
    """The machine in words: its processor, the CPUs this process may use, the system."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {count} CPUs, {platform.system()} {platform.machine()}"


@dataclass(frozen=True, kw_only=True)
class _Target:
    """What is measured: a file, and which of its functions where it offers several."""

    path: str
    signature: str = ""

    def __str__(self) -> str:
        return f"{self.path} {self.signature}".rstrip()


def _targets(path: str, options: BenchOptions) -> list[_Target]:
    keys = signatures(path)
    if options.signature:
        return [_Target(path=path, signature=options.signature)]
    return [_Target(path=path, signature=key) for key in keys] if len(keys) > 1 else [_Target(path=path)]


def _whose_data(targets: Sequence[_Target]) -> PortproofError:
    names = dict.fromkeys(target.signature for target in targets if target.signature)
    what = "the files offer several functions: --data would be of which?"
    return PortproofError("E-USAGE", what, hint=f"measure one at a time: --signature {' or '.join(names)}")


def _timing(
    target: _Target, timed: dict[str, Any], single: dict[str, Any], against_first: Comparison | None
) -> FileTiming:
    profile = single["profile"]
    return FileTiming(
        file=target.path,
        signature=target.signature,
        runtime=find_format(Path(target.path)).name,
        load_ms=float(np.median(timed["load"])),
        first_run_ms=float(np.median(timed["first"])),
        wall=spread(_latencies(timed["wall"])),
        cpu=spread(_latencies(timed["cpu"])),
        loads=len(timed["wall"]),
        rounds=sum(len(load) for load in timed["wall"]),
        runs_per_sample=timed["runs_per_sample"],
        peak_bytes=single["peak_bytes"],
        above_runtime_bytes=single["above_runtime_bytes"],
        profile=None if profile is None else tuple(profile),
        profile_note=NO_PROFILE if profile is None else "",
        against_first=against_first,
    )


def _latencies(loads: list[list[float]]) -> Floats:
    """Samples [loads, rounds]; where the time ran out, loads are cut to the shortest."""
    rounds = min(len(load) for load in loads)
    # A clock that did not advance would give a logarithm of zero.
    cut: Floats = np.array([load[:rounds] for load in loads], np.float64)
    return np.maximum(cut, _TICK_MS)


def _comparisons(targets: Sequence[_Target], latencies: list[Floats]) -> list[Comparison | None]:
    """Each with the first that measures the same function; functions are not compared with each other."""
    keys = [target.signature for target in targets]
    firsts = [keys.index(key) for key in keys]
    others = sum(first != place for place, first in enumerate(firsts))
    return [
        None if first == place else compare(latencies[first], entry, comparisons=others)
        for place, (first, entry) in enumerate(zip(firsts, latencies, strict=True))
    ]


def _noise_findings(timings: Sequence[FileTiming], by: str) -> list[Message]:
    found = []
    for timing in timings:
        noise = (timing.cpu if by == "cpu" else timing.wall).noise
        if noise is not None and noise > _NOISY:
            name = f"{timing.file} {timing.signature}".rstrip()
            found.append(
                Message(
                    code="W-NOISY",
                    what=f"the {by} time of {name} is known only to within {noise:.0%}",
                    where=timing.file,
                    why="the samples vary: other programs, a changing clock or a shared machine",
                    hint="stop other programs, or measure more loads and rounds",
                )
            )
    return found


def _child(function: str, targets: Sequence[_Target], options: BenchOptions) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        job, result = Path(folder, "job.json"), Path(folder, "result.json")
        files = {"files": [target.path for target in targets], "signatures": [target.signature for target in targets]}
        job.write_text(json.dumps({**asdict(options), **files}), encoding="utf-8")
        ended = run_isolated(
            f"{_WORKER}:{function}",
            str(job),
            str(result),
            timeout_s=options.timeout_s,
            memory_bytes=machine_memory_limit(),
        )
        if not ended.ok:
            raise _not_measured([str(target) for target in targets], ended, options)
        measured: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    if "error" in measured:
        raise PortproofError.of([Message(**message) for message in measured["error"]])
    return measured


def _not_measured(labels: list[str], ended: IsolatedResult, options: BenchOptions) -> PortproofError:
    names = ", ".join(labels)
    if ended.timed_out:
        return PortproofError("E-RUN-TIMEOUT", f"measuring did not finish in {options.timeout_s:g} s", where=names)
    said = [line for line in ended.stderr.splitlines() if line.strip() and not line.startswith("INFO:")]
    return PortproofError(
        "E-RUN",
        f"the measuring process {describe_exit(ended.returncode)}",
        where=names,
        why="\n".join(said[-_LOG_LINES:]) or "it said nothing",
    )

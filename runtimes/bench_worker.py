"""The child's side of `bench`: measures and writes JSON. One function a job, each in a process of its own."""

import gc
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from portproof.runtimes.base import BaseRunner
from portproof.runtimes.data import load, random_samples
from portproof.runtimes.options import RunOptions
from portproof.runtimes.registry import find_format, open_here
from portproof.runtimes.spec import Array, TensorSpec, to_file_layout
from portproof.runtimes.worker import failure

# A sample is at least this long, so that the clocks' resolution and a single interrupt do not matter.
_SAMPLE_NS = 2_000_000
_MOST_RUNS = 1000


def interleaved(job_file: str, result_file: str) -> None:
    """Latencies of several files, measured in turn: A B C A B C."""
    job = _job(job_file)
    pinned = pin(job["threads"])
    _guarded(job["files"], result_file, lambda: {"pinned": pinned, "files": _measure_all(job)})


def single(job_file: str, result_file: str) -> None:
    """Peak memory and, where the runtime gives one, the profile of one file."""
    job = _job(job_file)
    pin(job["threads"])
    _guarded(job["files"], result_file, lambda: _memory_and_profile(job))


def pin(threads: int) -> list[int]:
    """Bind this process to as many CPUs as it has threads, and say which; empty where that is not possible.

    The last ones: the first serves most of a machine's interrupts.
    """
    if not hasattr(os, "sched_setaffinity"):
        return []
    available = sorted(os.sched_getaffinity(0))
    chosen = available[-threads:]
    os.sched_setaffinity(0, chosen)
    return chosen


def _measure_all(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = [{"load": [], "first": [], "wall": [], "cpu": []} for _ in job["files"]]
    runs: list[int] = []
    for number in range(job["loads"]):
        meters = [_Meter(*target, job) for target in _targets(job)]
        # The runs of a sample are found in the first load and kept: samples must be of one kind.
        runs = runs or [meter.runs_per_sample() for meter in meters]
        for meter, count in zip(meters, runs, strict=True):
            meter.warm_up(job["warmup"], count)
        _rounds(_turned(meters, number), job)
        for meter, result in zip(meters, results, strict=True):
            meter.put(result)
    return [{**result, "runs_per_sample": count} for result, count in zip(results, runs, strict=True)]


def _turned(meters: "list[_Meter]", number: int) -> "list[_Meter]":
    """The order of a load's rounds: who comes first, and after whom, must not be the same every time."""
    start = number % len(meters)
    order = meters[start:] + meters[:start]
    return order[::-1] if number % 2 else order


def _rounds(meters: "list[_Meter]", job: Mapping[str, Any]) -> None:
    end = time.perf_counter() + job["budget_s"] / job["loads"]
    gc.collect()
    gc.disable()
    for number in range(-(-job["rounds"] // job["loads"])):
        if number and time.perf_counter() > end:
            break
        for meter in meters:
            meter.sample()
    gc.enable()


class _Meter:
    """One load of one file under measurement."""

    def __init__(self, path: Path, signature: str, job: Mapping[str, Any]) -> None:
        begin = time.perf_counter_ns()
        self.runner = _open(path, signature, job)
        self.load_ns = time.perf_counter_ns() - begin
        self.inputs = _inputs(self.runner.inputs, job)
        begin = time.perf_counter_ns()
        self.runner.run(self.inputs)  # the checked one: what is fed later has been checked here
        self.first_ns = time.perf_counter_ns() - begin
        # With several threads, the work is done in others than this one.
        self.cpu_clock = time.thread_time_ns if job["threads"] == 1 else time.process_time_ns
        self.runs = 1
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def runs_per_sample(self) -> int:
        """How many runs make a sample long enough."""
        durations: list[int] = []
        while len(durations) < 3 or (sum(durations) < _SAMPLE_NS and len(durations) < _MOST_RUNS):
            begin = time.perf_counter_ns()
            self.runner.run_unchecked(self.inputs)
            durations.append(time.perf_counter_ns() - begin)
        typical = max(1, sorted(durations)[len(durations) // 2])
        return min(-(-_SAMPLE_NS // typical), _MOST_RUNS)

    def warm_up(self, samples: int, runs: int) -> None:
        """Run until caches and clocks have settled."""
        self.runs = runs
        for _ in range(samples):
            self.sample()
        self.wall.clear()
        self.cpu.clear()

    def sample(self) -> None:
        """One sample: the mean latency of a few runs one after the other, in ms."""
        run, inputs = self.runner.run_unchecked, self.inputs
        wall, cpu = time.perf_counter_ns(), self.cpu_clock()
        for _ in range(self.runs):
            run(inputs)
        cpu_end, wall_end = self.cpu_clock(), time.perf_counter_ns()
        self.wall.append((wall_end - wall) / self.runs / 1e6)
        self.cpu.append((cpu_end - cpu) / self.runs / 1e6)

    def put(self, result: dict[str, Any]) -> None:
        """Add this load's measurements to the file's, in ms, and free the model."""
        self.runner.close()
        result["load"].append(self.load_ns / 1e6)
        result["first"].append(self.first_ns / 1e6)
        result["wall"].append(self.wall)
        result["cpu"].append(self.cpu)


def _memory_and_profile(job: Mapping[str, Any]) -> dict[str, Any]:
    path, signature = _targets(job)[0]
    _import_runtime(path)
    before = peak_memory_bytes()
    runner = _open(path, signature, job)
    inputs = _inputs(runner.inputs, job)
    for _ in range(2):
        runner.run(inputs)
    peak = peak_memory_bytes()
    return {"peak_bytes": peak, "above_runtime_bytes": max(0, peak - before), "profile": _profile(runner, path, job)}


def _profile(runner: BaseRunner, path: Path, job: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Per-operator times, or None where the runtime's Python API has none; taken after the memory, which it costs."""
    profiled = getattr(type(runner), "profiled", None)
    if profiled is None or not job["profile"]:
        return None
    runner.close()
    operators: list[dict[str, Any]] = profiled(path, job["threads"], _inputs(runner.inputs, job))
    return operators


def peak_memory_bytes() -> int:
    """The largest resident size of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss begins with the parent's peak on Linux
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def _import_runtime(path: Path) -> None:
    """Load the runtime's package, so that its own size is not counted for the file."""
    import importlib

    adapter = importlib.import_module(find_format(path).adapter.partition(":")[0])
    adapter.import_runtime()


def _targets(job: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """Files, each with the signature to run."""
    return [(Path(path), signature) for path, signature in zip(job["files"], job["signatures"], strict=True)]


def _open(path: Path, signature: str, job: Mapping[str, Any]) -> BaseRunner:
    runner = open_here(path, RunOptions(threads=job["threads"], kernels=job["kernels"], signature=signature))
    assert isinstance(runner, BaseRunner)  # noqa: S101 - for the type checker: every adapter is one
    return runner


def _inputs(specs: Sequence[TensorSpec], job: Mapping[str, Any]) -> dict[str, Array]:
    """The first sample of the data given, else a seeded random one, in the file's layout."""
    data = load(job["data"], specs) if job["data"] else random_samples(specs, 1, job["seed"])
    sample = next(iter(data))
    return {spec.name: to_file_layout(spec, sample[spec.name]) for spec in specs}


def _guarded(files: Sequence[str], result_file: str, job: Any) -> None:
    try:
        result = job()
    except Exception as error:
        result = failure(error, ", ".join(files), "be measured")
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")


def _job(job_file: str) -> dict[str, Any]:
    job: dict[str, Any] = json.loads(Path(job_file).read_text(encoding="utf-8"))
    return job

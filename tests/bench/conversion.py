"""What converting costs: CPU seconds and peak memory of the whole process, its children included, from ONNX to TFLite.

    python -m tests.bench.conversion [NET.onnx...] [--export] [--profile] [--repeat N]
    python -m tests.bench.conversion --chains 1000,4000,16000

Without a network, those of the benchmark are taken (see `tests.bench.latency`), or none where it is not there.
`--export` measures `portproof export` too, with its proofs and golden vectors. `--profile` shows the CPU time of each
stage. `--chains` makes graphs of so many nodes and shows how the cost grows with them. Each figure is the least of N
runs: what else a machine does adds to CPU time too.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean

from tests.bench.chains import KINDS, chain
from tests.bench.latency import benchmark_folder, networks
from tests.bench.stages import stages

ROOT = Path(__file__).resolve().parents[2]
CONVERT = "import sys; from portproof.exporter.tflite import convert; convert(*sys.argv[1:])"
# A small process in between: the peak of a process begins with that of the one that started it.
WAIT = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(child.pid, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(status != 0)
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one command: CPU seconds, user and system, of all its processes; the peak of the largest of them in MB."""

    cpu_s: float
    peak_mb: float


def cost(command: Sequence[str]) -> Cost:
    """Run a command to its end; what `/usr/bin/time -v` would say."""
    # As an installed package, whose bytecode is there.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    waiting = [sys.executable, "-c", WAIT, *command]
    done = subprocess.run(waiting, check=False, capture_output=True, text=True, cwd=ROOT, env=env)
    if done.returncode:
        raise SystemExit(f"{command[-2:]}: {done.stderr}")
    cpu_s, peak = map(float, done.stdout.split())
    return Cost(cpu_s=cpu_s, peak_mb=peak / (1 << 20 if sys.platform == "darwin" else 1 << 10))


def least(command: Sequence[str], repeat: int) -> Cost:
    """The least CPU time and the least peak of several runs."""
    runs = [cost(command) for _ in range(repeat)]
    return Cost(cpu_s=min(run.cpu_s for run in runs), peak_mb=min(run.peak_mb for run in runs))


def converting(path: Path, out: Path) -> list[str]:
    """`portproof.exporter.tflite.convert` in a fresh process."""
    return [sys.executable, "-c", CONVERT, str(path), str(out)]


def exporting(path: Path, out: Path) -> list[str]:
    """`portproof export`: both targets, four samples, proofs and reports."""
    return [str(Path(sys.executable).with_name("portproof")), "export", str(path), "-o", str(out)]


def table(paths: Sequence[Path], *, export: bool, repeat: int) -> Iterator[str]:
    """One row a network, and the geometric means."""
    yield "| network | nodes | CPU s | peak MB |" + (" export: CPU s | peak MB |" if export else "")
    yield "|---|---|---|---|" + ("---|---|" if export else "")
    rows: list[list[Cost]] = []
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            commands = [converting(path, Path(folder, "net.tflite"))]
            commands += [exporting(path, Path(folder, "out"))] if export else []
            row = [least(command, repeat) for command in commands]
            rows.append(row)
            yield _row(path.name.removesuffix(".op18.onnx").removesuffix(".onnx"), str(_nodes(path)), row)
    means = [
        Cost(cpu_s=geometric_mean(c.cpu_s for c in k), peak_mb=geometric_mean(c.peak_mb for c in k))
        for k in zip(*rows, strict=True)
    ]
    yield _row("geometric mean", "", means)


def _row(name: str, size: str, costs: Sequence[Cost]) -> str:
    return f"| {name} | {size} |" + "".join(f" {c.cpu_s:.2f} | {c.peak_mb:.0f} |" for c in costs)


def _nodes(path: Path) -> int:
    import onnx

    return len(onnx.load(path, load_external_data=False).graph.node)


def chains(sizes: Sequence[int], repeat: int) -> Iterator[str]:
    """One row a kind of chain and size; linear growth is a constant last column."""
    import onnx

    yield "| chain of | nodes | CPU s | peak MB | ms a node beyond the first row |"
    yield "|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "chain.onnx")
        for kind in KINDS:
            first: tuple[int, float] | None = None
            for size in sizes:
                onnx.save(chain(size, kind), path)
                c = least(converting(path, Path(folder, "chain.tflite")), repeat)
                rate = f"{1000 * (c.cpu_s - first[1]) / (size - first[0]):.2f}" if first else ""
                first = first or (size, c.cpu_s)
                yield f"| {kind} | {size} | {c.cpu_s:.1f} | {c.peak_mb:.0f} | {rate} |"


def profile(path: Path) -> Iterator[str]:
    """CPU seconds of each stage of one conversion, in this process and in its children."""
    yield f"| {path.stem}: stage | CPU s |"
    yield "|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        for name, seconds in stages(path, Path(folder, "net.tflite")):
            yield f"| {name} | {seconds:.2f} |"
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield f"| all of the process, its peak {used.ru_maxrss >> 10} MB | {used.ru_utime + used.ru_stime:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", type=Path)
    parser.add_argument("--export", action="store_true")
    parser.add_argument("--chains", default="")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--repeat", type=int, default=1)
    asked = parser.parse_args()
    for line in _lines(asked):
        print(line, flush=True)


def _lines(asked: argparse.Namespace) -> Iterator[str]:
    if asked.chains:
        yield from chains([int(size) for size in asked.chains.split(",")], asked.repeat)
        return
    paths = asked.networks or (networks() if (benchmark_folder() / "models.py").is_file() else [])
    if asked.profile:
        for path in paths:
            yield from profile(path)
    elif paths:
        yield from table(paths, export=asked.export, repeat=asked.repeat)


if __name__ == "__main__":
    main()

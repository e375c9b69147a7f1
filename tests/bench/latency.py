"""The benchmark's networks: our TFLite file against ONNX Runtime and the files of other converters, in one run each.

    python -m tests.bench.latency [--peers FOLDER] [--only NAME,...] [--loads N]

Needs the benchmark's folder (PORTPROOF_BENCH, or beside the checkout) and torch, which builds the networks.
FOLDER holds the files of other converters as ``<network>.<converter>.tflite``. Times are CPU time of one thread of
this host, all files of a network in turn (`portproof.runtimes.bench`); a ratio below 1 says that ours is faster.
"""

import argparse
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from portproof.exporter.tflite import convert
from portproof.runtimes.bench import BenchOptions, bench

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "bench"
OURS = "portproof"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One network.

    Attributes:
        name: of the network.
        ours_ms: CPU time of a run of our file.
        ratios: ours to that of each other file: its time, with the ends of the confidence interval.
        graph: of our file: operators, transposes, XNNPACK partitions.
    """

    name: str
    ours_ms: float
    ratios: dict[str, tuple[float, float | None, float | None]]
    graph: tuple[int, int, int]

    @property
    def best_peer(self) -> float | None:
        """Our time to that of the fastest other converter."""
        peers = [ratio for name, (ratio, _, _) in self.ratios.items() if name != "onnxruntime"]
        return max(peers) if peers else None


def benchmark_folder() -> Path:
    """Where `models.py` is."""
    return Path(os.environ.get("PORTPROOF_BENCH", ROOT.parent / "shared" / "bench"))


def networks(only: str = "") -> list[Path]:
    """The ONNX files of all networks, or of those named with commas between; made when they are not there."""
    folder = WORK / "onnx"
    if not folder.is_dir():
        script = benchmark_folder() / "models.py"
        subprocess.run([sys.executable, str(script), "export", str(folder), "--opsets", "18"], check=True)
    found = sorted(folder.glob("*.op18.onnx"))
    return [path for path in found if not only or path.name.removesuffix(".op18.onnx") in only.split(",")]


def graph_of(path: Path) -> tuple[int, int, int]:
    """Operators, TRANSPOSE operators, XNNPACK partitions."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    names = [op["op_name"] for op in Interpreter(str(path), experimental_op_resolver_type=plain)._get_ops_details()]
    delegated = Interpreter(str(path), num_threads=1)
    delegated.allocate_tensors()
    partitions = [op["op_name"] for op in delegated._get_ops_details()].count("DELEGATE")
    return len(names), names.count("TRANSPOSE"), partitions


def measure(onnx_file: Path, peers: Path | None, loads: int) -> Row:
    """Converts one network and runs all of its files in turn."""
    name = onnx_file.name.removesuffix(".op18.onnx")
    ours = WORK / f"{name}.{OURS}.tflite"
    convert(onnx_file, ours)
    others = sorted(peers.glob(f"{name}.*.tflite")) if peers else []
    others = [path for path in others if path.name.split(".")[1] in ("o2t", "lt", "lt_nhwc")]
    labels = ["onnxruntime", *(path.name.split(".")[1] for path in others)]
    result = bench([ours, onnx_file, *others], BenchOptions(loads=loads, profile=False, rounds=12 * loads))
    ratios = {}
    for label, timing in zip(labels, result.files[1:], strict=True):
        against = timing.against_first
        if against is not None:  # of the other to ours; the table says it the other way round
            ends = [None if end is None else 1 / end for end in (against.high, against.low)]
            ratios[label] = (1 / against.ratio, *ends)
    return Row(name=name, ours_ms=result.files[0].cpu.median_ms, ratios=ratios, graph=graph_of(ours))


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--loads", type=int, default=8)
    given = parser.parse_args()
    if not (benchmark_folder() / "models.py").is_file():
        sys.exit("set PORTPROOF_BENCH to the folder with models.py")
    print("| network | operators / transposes / partitions | CPU ms | to ONNX Runtime | to each other converter |")
    print("|---|---|---|---|---|")
    rows = []
    for path in networks(given.only):
        row = measure(path, given.peers, given.loads)
        rows.append(row)
        peers = ", ".join(f"{name} {told(row.ratios[name])}" for name in row.ratios if name != "onnxruntime")
        graph = " / ".join(map(str, row.graph))
        print(f"| {row.name} | {graph} | {row.ours_ms:.2f} | {told(row.ratios['onnxruntime'])} | {peers} |", flush=True)
    best = [row.best_peer for row in rows if row.best_peer is not None]
    if best:
        print(f"\nGeometric mean to the best other converter: {math.prod(best) ** (1 / len(best)):.3f}")


def told(ratio: tuple[float, float | None, float | None]) -> str:
    """``0.94 (0.93 to 0.96)``."""
    value, low, high = ratio
    return f"{value:.2f}" if low is None or high is None else f"{value:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()

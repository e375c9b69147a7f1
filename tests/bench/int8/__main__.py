"""int8: our recipes and the peers', one run on the same data.

    python -m tests.bench.int8 [--only NAME,...] [--methods NAME,...] [--fresh] [--loads N]

Cases are ``trained/mobilenet_v2`` and its like (PORTPROOF_MODELS) and ``arch/mobilenet_v2`` and its like
(PORTPROOF_BENCH); a prefix names all that begin with it. Peers run in interpreters of their own
(PORTPROOF_PEERS_PYTHON, ``make peers``); one that is not there is named and skipped. Times are thread CPU time of
this host.
"""

import argparse
import sys
import time

from tests.bench.int8 import architectures, case, places, trained
from tests.bench.int8.case import Case
from tests.bench.int8.measure import Result, geometric_mean, results
from tests.bench.int8.methods import METHODS
from tests.bench.int8.quality import Quality

_COLUMNS = [
    "method",
    "dB ONNX",
    "dB TFLite",
    "agreement ONNX %",
    "agreement TFLite %",
    "KL",
    "top-1 ONNX %",
    "top-1 TFLite %",
    "MB",
    "ms",
    "faster",
    "partitions",
    "CPU s",
    "peak MB",
]


def main() -> None:
    """Prints a table a case, and how much faster than our float files all are."""
    given = _arguments()
    methods = [m for m in METHODS if not given.methods or m.name.startswith(tuple(given.methods.split(",")))]
    faster: dict[str, list[float]] = {}
    for name in _names(given.only):
        begin, mixes = time.time(), []
        print(f"\n### {name}\n| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}", flush=True)
        for result in results(_case(name, given.fresh), methods, fresh=given.fresh, loads=given.loads):
            print(_row(result), flush=True)
            mixes.append(result)
            if result.ratio and name.startswith("arch/"):
                faster.setdefault(result.method, []).append(result.ratio[0])
        for result in mixes:
            print(_layers(result), end="")
        print(f"\n{time.time() - begin:.0f} s", flush=True)
    for method, ratios in faster.items():
        slower = sum(ratio < 1 for ratio in ratios)
        print(f"{method}: {geometric_mean(ratios):.2f}x over {len(ratios)} architectures, {slower} slower than float")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="cases, or beginnings of their names")
    parser.add_argument("--methods", default="", help="methods, or beginnings of their names")
    parser.add_argument("--fresh", action="store_true", help="quantize anew what was quantized before")
    parser.add_argument("--loads", type=int, default=4, help="of each file when timing; 0: no times")
    return parser.parse_args()


def _names(only: str) -> list[str]:
    names = []
    for module, folder, variable in (
        (trained, places.models(), "PORTPROOF_MODELS"),
        (architectures, places.architectures(), "PORTPROOF_BENCH"),
    ):
        if folder is None:
            print(f"skipped: set {variable}", file=sys.stderr)
        else:
            names += module.names()
    return [name for name in names if not only or name.startswith(tuple(only.split(",")))]


def _case(name: str, fresh: bool) -> Case:
    folder = places.WORK / name
    whole = (folder / "case.json").is_file() and ((folder / "task.npz").is_file() or name not in trained.tasks())
    if whole and not fresh:
        return case.load(folder)
    return (trained if name.startswith("trained/") else architectures).prepare(name)


def _row(result: Result) -> str:
    took = result.took
    if took.error or result.error:
        return f"| {result.method} | {took.error or result.error} |"
    first = result.onnx or result.tflite
    cells = [
        result.method,
        *(_cell(each and each.sqnr_db) for each in (result.onnx, result.tflite)),
        *(_cell(each and each.agreement) for each in (result.onnx, result.tflite)),
        _cell(first and first.divergence),
        *(_top1(each) for each in (result.onnx, result.tflite)),
        f"{result.size_bytes / 1e6:.2f}",
        _cell(result.ms and round(result.ms, 2)),
        _faster(result),
        _cell(result.partitions),
        f"{took.seconds:.1f}",
        f"{took.peak_mb:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _layers(result: Result) -> str:
    """What a mix has otherwise than in int8, a line a layer."""
    found = result.mix
    if not found:
        return ""
    metric = found["metric"]
    task = f", task {metric['written']:g} (float {metric['float']:g})" if metric else ""
    counts = ", ".join(f"{count} {name}" for name, count in found["layer_counts"].items())
    aside = f", {len(found['set_aside'])} mixes set aside as not faster" if found["set_aside"] else ""
    lines = [f"{each['name']} ({each['op_type']}) {each['precision']}: {each['why']}" for each in found["layers"]]
    return "\n".join((f"\n{result.method}: {counts}{task}{aside}", *lines)) + "\n"


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _top1(found: Quality | None) -> str:
    if found is None or found.top1 is None:
        return ""
    return f"{found.top1:g} (float {found.float_top1:g})"


def _faster(result: Result) -> str:
    if result.ratio is None:
        return ""
    value, low, high = result.ratio
    return f"{value:.2f}x" if low is None or high is None else f"{value:.2f}x ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()

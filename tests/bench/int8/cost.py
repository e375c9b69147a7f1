"""What calibration costs: CPU seconds and peak memory by the number of images, against ONNX Runtime's percentile.

    python -m tests.bench.int8.cost [--counts 100,500,5000] [--peer 50,100]

Of ``trained/mobilenet_v2`` (PORTPROOF_MODELS), each run in a process of its own, one thread; beyond the hundred photos
these are shifted, turned and dimmed. ONNX Runtime holds every activation of every image: 500 images do not fit into
16 GB, so what it takes for more is what each image more takes it, between the two numbers of images that it is given.
"""

import argparse
import sys

from tests.bench.int8 import case, child, places, trained
from tests.bench.int8.case import Case
from tests.bench.int8.child import Took
from tests.bench.int8.methods import SCRIPTS

NAME = "trained/mobilenet_v2"


def main() -> None:
    """Prints a row a run, then how many times faster ours are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--counts", default="100,500,5000", help="of images, for ours")
    parser.add_argument("--peer", default="50,100", help="of images, for ONNX Runtime: two numbers")
    given = parser.parse_args()
    few, many = (int(part) for part in given.peer.split(","))
    folder = places.WORK / NAME
    found = case.load(folder) if (folder / "case.json").is_file() else trained.prepare(NAME)
    print("| method | images | CPU s | peak MB |\n|---|---|---|---|", flush=True)
    peer = {count: _run(found, "onnxruntime", "Percentile", count) for count in (few, many)}
    for count in (int(part) for part in given.counts.split(",")):
        for recipe in ("fast", "default"):
            took = _run(found, "portproof", recipe, count)
            theirs = expected(peer[few].seconds, peer[many].seconds, (few, many), count)
            print(f"  {recipe}, {count} images: {theirs / max(took.seconds, 1e-9):.1f} times as fast", flush=True)


def expected(few_s: float, many_s: float, counts: tuple[int, int], count: int) -> float:
    """Seconds for `count` images, from those for two other numbers of images: a straight line."""
    each = (many_s - few_s) / (counts[1] - counts[0])
    return many_s + (count - counts[1]) * each


def _run(found: Case, peer: str, choice: str, count: int) -> Took:
    script = SCRIPTS / ("ours.py" if peer == "portproof" else "onnxruntime_static.py")
    python = sys.executable if peer == "portproof" else child.interpreter(peer)
    out = found.path(f"cost-{choice}-{count}.onnx")
    words = [choice, str(found.path("model.onnx")), str(found.calibration()), str(out), str(count)]
    took = child.run(python, script, words, out.with_suffix(".log"))
    cells = took.error or f"{took.seconds:.1f} | {took.peak_mb:.0f}"
    print(f"| {peer} {choice} | {count} | {cells} |", flush=True)
    return took


if __name__ == "__main__":
    main()

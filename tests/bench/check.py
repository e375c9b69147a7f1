"""What `check` costs: CPU seconds of a graph of many nodes on ten devices, imports aside.

``python -m tests.bench.check [NODES]``
"""

import sys
import tempfile
import time
from pathlib import Path

DEVICES = (
    "galaxy-s22",
    "galaxy-s23",
    "galaxy-s24",
    "galaxy-s25",
    "pixel-8",
    "pixel-9",
    "imx-93",
    "coral-edge-tpu",
    "raspberry-pi-5",
    "galaxy-s24-exynos",
)


def seconds(nodes: int, kind: str, *, int8: bool = False) -> float:
    """CPU seconds of one check, after one of a small graph that imports everything."""
    import onnx
    from tests.bench.chains import chain

    from portproof.exporter.check.check import check

    with tempfile.TemporaryDirectory() as folder:
        small, large = (Path(folder) / name for name in ("small.onnx", "large.onnx"))
        onnx.save(chain(6, kind), small)
        onnx.save(chain(nodes, kind), large)
        check(str(small), DEVICES, int8=int8)
        start = time.process_time()
        check(str(large), DEVICES, int8=int8)
        return time.process_time() - start


def main() -> None:
    """Prints a line for each kind of graph."""
    nodes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for kind in ("convolutions", "residual blocks"):
        for int8 in (False, True):
            form = "int8" if int8 else "float"
            print(f"{nodes} nodes, {kind}, {form}, {len(DEVICES)} devices: {seconds(nodes, kind, int8=int8):.2f} s CPU")


if __name__ == "__main__":
    main()

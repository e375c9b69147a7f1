"""Small models and data that the tests of the pipeline and the command line share."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from portproof.exporter import onnx_io

NET = """
<ir_version: 10, opset_import: ["" : 23]>
net (float[1,3,6,8] image) => (float[1,4,6,8] out, float[1,4] pooled)
<float[4,3,1,1] w = {0.1,0.2,0.3,-0.4,0.5,-0.6,0.7,-0.8,0.9,1.0,-1.1,1.2}, float[1,4,6,8] conv, float[1,4,6,8] same,
 int64[2] axes = {2, 3}>
{ conv = Conv(image, w) same = Identity(conv) out = Relu(same) pooled = ReduceMean<keepdims = 0>(out, axes) }
"""
TWO_INPUTS = """
<ir_version: 10, opset_import: ["" : 23]>
pair (float[2,4] left, float[2,4] right) => (float[2,4] sum) { sum = Add(left, right) }
"""
# Large determinants are not written.
UNWRITABLE = """
<ir_version: 10, opset_import: ["" : 23]>
volumes (float[5,6,6] x) => (float[5] a, float[5] b) { a = Det(x) y = Sigmoid(x) b = Det(y) }
"""


def save(folder: Path, text: str = NET, name: str = "net.onnx") -> str:
    """Write a model of ONNX text; the path as the command line takes it."""
    return str(onnx_io.save(ir.from_onnx_text(text), folder / name)[0])


def images(count: int = 3, seed: int = 0) -> list[dict[str, NDArray[Any]]]:
    """Samples for `NET`."""
    chance = np.random.default_rng(seed)
    return [{"image": chance.normal(size=(1, 3, 6, 8)).astype(np.float32)} for _ in range(count)]


def write_data(folder: Path, samples: list[dict[str, NDArray[Any]]] | None = None) -> str:
    """A DATA folder of `.npz` files."""
    folder.mkdir(exist_ok=True)
    for number, sample in enumerate(images() if samples is None else samples):
        np.savez(folder / f"{number}.npz", **sample)  # type: ignore[arg-type]
    return str(folder)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its path, with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }

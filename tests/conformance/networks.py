"""The benchmark's fourteen architectures: their factories, and the inputs and outputs that come with them."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from portproof import runtimes
from portproof.runtimes.spec import to_file_layout, to_source_layout

FACTORY = """
import importlib.util
spec = importlib.util.spec_from_file_location("architectures", {path!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
def factory():
    return module.build({name!r})
"""


@dataclass(frozen=True, kw_only=True)
class Network:
    """One architecture.

    Attributes:
        onnx: its ONNX file, opset 18.
        factory: of the torch module, in the MODEL grammar.
        samples: (inputs in order, torch's output): the benchmark's own, then the four held out.
    """

    onnx: Path
    factory: str
    samples: tuple[tuple[list[np.ndarray], np.ndarray], ...]


def network(name: str, architectures: Path, folder: Path) -> Network:
    """Builds one architecture in `folder`."""
    script = str(architectures / "models.py")
    command = [sys.executable, script, "export", str(folder), "--opsets", "18", "--only", name]
    subprocess.run(command, check=True, capture_output=True)
    source = folder / f"{name}.py"
    source.write_text(FACTORY.format(path=script, name=name))
    data = np.load(folder / f"{name}.npz")
    count = sum(key.startswith("t0x") for key in data)
    tags = ("t0", "h0", "h1", "h2", "h3")
    return Network(
        onnx=folder / f"{name}.op18.onnx",
        factory=f"{source}:factory",
        samples=tuple(([data[f"{tag}x{k}"] for k in range(count)], data[f"{tag}y0"]) for tag in tags),
    )


def errors(path: Path, net: Network) -> list[float]:
    """The largest absolute error of a file's one output on each sample."""
    found = []
    with runtimes.open(path, isolated=False) as runner:
        (output,) = runner.outputs
        for arrays, y in net.samples:
            fed = {i.name: to_file_layout(i, x) for i, x in zip(runner.inputs, arrays, strict=True)}
            got = to_source_layout(output, runner.run(fed)[output.name])
            found.append(float(np.abs(got - y).max()))
    return found

"""Converts a small ONNX model to Core AI and runs it in Apple's own runtime; the oracle is ONNX Runtime.

coreai-core is a beta and no dependency: where it is not installed, what needs it is skipped.
"""

import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.compose
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import onnx_outputs

from portproof.exporter.coreai.conversion import write_model
from portproof.runtimes.coreai_adapter import CoreAIRunner
from portproof.runtimes.options import RunOptions

Arrays = Mapping[str, np.ndarray]
needs_coreai = pytest.mark.skipif(
    find_spec("coreai") is None, reason="coreai-core is not installed: pip install 'portproof[coreai]'"
)


def run(model: ir.Model, inputs: Arrays) -> dict[str, np.ndarray]:
    """The outputs of the asset by name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.aimodel"
        write_model(model, path)
        with CoreAIRunner(path, RunOptions()) as runner:
            return runner.run(inputs)


def check(model: ir.Model, inputs: Arrays, *, oracle: str = "ort", rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Asserts that the asset agrees with the oracle, in types and shapes too."""
    want = onnx_outputs(model, inputs, oracle=oracle)
    got = run(model, inputs)
    assert list(got) == list(want)
    for name, array in want.items():
        assert (got[name].dtype, got[name].shape) == (array.dtype, array.shape), name
        np.testing.assert_allclose(got[name], array, rtol=rtol, atol=atol, err_msg=name)


def check_all(cases: Mapping[str, tuple[ir.Model, Arrays]], **how: Any) -> None:
    """`check` for several models of one opset as one, whose parts are named for messages."""
    model, fed = merged(cases)
    check(model, fed, **how)


def merged(cases: Mapping[str, tuple[ir.Model, Arrays]]) -> tuple[ir.Model, Arrays]:
    """Several models of one opset side by side in one, and their inputs."""
    whole = ir.to_proto(next(iter(cases.values()))[0])
    for field in ("node", "input", "output", "initializer", "value_info"):
        del getattr(whole.graph, field)[:]
    fed = {}
    for name, (model, inputs) in cases.items():
        graph = onnx.compose.add_prefix_graph(ir.to_proto(model).graph, f"{name}/")
        for field in ("node", "input", "output", "initializer", "value_info"):
            getattr(whole.graph, field).extend(getattr(graph, field))
        fed |= {f"{name}/{key}": array for key, array in inputs.items()}
    return ir.from_proto(whole), fed

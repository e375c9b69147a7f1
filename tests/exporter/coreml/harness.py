"""Converts a small ONNX model to Core ML and runs the package in the emulator; the oracle is ONNX Runtime.

`tests/exporter/tflite/harness.py` builds the models.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.compose
import onnx_ir as ir
from tests.exporter.tflite.harness import onnx_outputs

from portproof.exporter.coreml.conversion import Written, write_model
from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.parse import read

Arrays = Mapping[str, np.ndarray]
FLOAT16_ERROR = 5e-3
"""Of float16 results, relative to the largest value of the output."""


def run(
    model: ir.Model, inputs: Arrays, *, target: str = "iOS18", float16: bool = False
) -> tuple[dict[str, np.ndarray], Written]:
    """The outputs of the package by the source's names, and what was written."""
    import torch

    with tempfile.TemporaryDirectory() as folder:
        written = write_model(model, Path(folder) / "m.mlpackage", target=target, float16=float16)
        package = read(written.path)
        executable = Executable(package.functions["main"])
        fed = {
            name: torch.from_numpy(np.array(_fed(inputs[source])))
            for name, source in zip(executable.input_names, _names(model.graph.inputs), strict=True)
        }
        results = executable.run(fed)
        by_source = zip(_names(model.graph.outputs), executable.output_names, strict=True)
        return {source: results[name].numpy() for source, name in by_source}, written


def check(
    model: ir.Model,
    inputs: Arrays,
    *,
    oracle: str = "ort",
    rtol: float = 1e-5,
    atol: float = 1e-6,
    target: str = "iOS18",
    float16: bool = True,
    expect: Sequence[str] | None = None,
) -> None:
    """Asserts that the package, in float32 and strict float16, agrees with the oracle.

    Args:
        model: the ONNX model.
        inputs: run-time inputs by name.
        oracle: of `tests.exporter.tflite.harness.onnx_outputs`.
        rtol: relative tolerance of the float32 package.
        atol: absolute tolerance of it.
        target: deployment target.
        float16: whether the float16 package is checked too, to `FLOAT16_ERROR` of the largest value.
        expect: the MIL operators that the float32 package must have, with repeats; constants and the identities that
            name the outputs aside.
    """
    want = onnx_outputs(model, inputs, oracle=oracle)
    got, written = run(model, inputs, target=target)
    for name, array in want.items():
        _same_form(name, got[name], array)
        np.testing.assert_allclose(got[name].reshape(array.shape), array, rtol=rtol, atol=atol, err_msg=name)
    if expect is not None:
        ops = [name for name, count in written.op_counts.items() for _ in range(count) if name != "identity"]
        assert ops == sorted(name for name in expect if name != "identity"), ops
    if float16:
        got, _ = run(model, inputs, target=target, float16=True)
        for name, array in want.items():
            scale = max(1.0, float(np.abs(array.astype(np.float64)).max(initial=0)))
            np.testing.assert_allclose(
                got[name].reshape(array.shape), array, rtol=0, atol=FLOAT16_ERROR * scale, err_msg=f"float16: {name}"
            )


def check_all(cases: Mapping[str, tuple[ir.Model, Arrays]], **how: Any) -> None:
    """`check` for several models of one opset as one, which is much quicker: a conversion has a hundred passes.

    Args:
        cases: models and their inputs, by a name for messages.
        how: as for `check`.
    """
    parts = [(name, *case) for name, case in cases.items()]
    whole = ir.to_proto(parts[0][1])
    del whole.graph.node[:], whole.graph.input[:], whole.graph.output[:], whole.graph.initializer[:]
    del whole.graph.value_info[:]
    fed = {}
    for name, model, inputs in parts:
        graph = onnx.compose.add_prefix_graph(ir.to_proto(model).graph, f"{name}/")
        for field in ("node", "input", "output", "initializer", "value_info"):
            getattr(whole.graph, field).extend(getattr(graph, field))
        fed |= {f"{name}/{key}": array for key, array in inputs.items()}
    check(ir.from_proto(whole), fed, **how)


def _same_form(name: str, got: np.ndarray, want: np.ndarray) -> None:
    assert got.shape == (want.shape or (1,)), f"{name}: {got.shape}, not {want.shape}"
    kinds = {"f": "f", "b": "i", "i": "i", "u": "i"}
    assert got.dtype.kind == kinds[want.dtype.kind], f"{name}: {got.dtype}, not {want.dtype}"


def _fed(array: np.ndarray) -> np.ndarray:
    """As the package takes it: floats in float32 for torch, whole numbers in int32, scalars with one axis."""
    array = array.reshape(1) if array.ndim == 0 else array
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)


def _names(values: Sequence[ir.Value]) -> list[str]:
    return [value.name or "" for value in values if not value.is_initializer()]

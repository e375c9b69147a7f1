"""Models of one recurrent node, and the comparison with ONNX Runtime, with XNNPACK and without it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from tests.exporter.tflite.harness import check, node_model, onnx_outputs, tflite_outputs
from tests.exporter.tflite.ops.samples import normal

from portproof.exporter.tflite.conversion import convert_model

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
INPUTS = ("x", "w", "r", "b", "lens", "h0", "c0", "p")
OUTPUTS = {"LSTM": ("y", "h", "c"), "GRU": ("y", "h"), "RNN": ("y", "h")}
Arrays = dict[str, np.ndarray]


def weights(op: str, *, directions: int = 1, size: int = 3, units: int = 4, bias: bool = True) -> Arrays:
    """W, R and B; half as large as usual, so that the gates are not saturated."""
    gates = GATES[op]
    made = {
        "w": normal(directions, gates * units, size, seed=1) / 2,
        "r": normal(directions, gates * units, units, seed=2) / 2,
    }
    return made | ({"b": normal(directions, 2 * gates * units, seed=3) / 2} if bias else {})


def recurrent(
    op: str,
    inputs: Mapping[str, np.ndarray],
    constants: Mapping[str, np.ndarray],
    *,
    outputs: Sequence[str] | None = None,
    **options: Any,
) -> ir.Model:
    """The names of `inputs` and `constants` say which inputs of the schema they are; all outputs unless told."""
    given = [name if name in inputs or name in constants else "" for name in INPUTS]
    while not given[-1]:
        given.pop()
    units = {**inputs, **constants}["r"].shape[-1]
    names = OUTPUTS[op] if outputs is None else outputs
    return node_model(op, inputs, constants=constants, order=given, outputs=names, hidden_size=units, **options)


def agrees(model: ir.Model, inputs: Arrays, *, oracle: str = "ort", atol: float = 1e-6) -> None:
    """Both kernel sets, both layouts of inputs and outputs, and three runs in a row, against the oracle."""
    check(model, inputs, oracle=oracle, rtol=1e-4, atol=atol)
    data = convert_model(model, io_layout="keep").data
    want = onnx_outputs(model, inputs, oracle=oracle)
    for name, array in tflite_outputs(data, inputs, reference=True).items():
        np.testing.assert_allclose(array, want[name], rtol=1e-4, atol=atol, err_msg=f"without XNNPACK: {name}")
    for again in repeated(data, inputs):
        for name, array in again.items():
            np.testing.assert_allclose(array, want[name], rtol=1e-4, atol=atol, err_msg=f"second run: {name}")


def repeated(data: bytes | memoryview, inputs: Arrays, times: int = 3) -> list[Arrays]:
    """The outputs of several runs of one interpreter, which allocates its tensors once."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=bytes(data), num_threads=1)
    interpreter.allocate_tensors()
    results = []
    for _ in range(times):
        for detail in interpreter.get_input_details():
            interpreter.set_tensor(detail["index"], inputs[detail["name"]])
        interpreter.invoke()
        found = interpreter.get_output_details()
        results.append({detail["name"]: interpreter.get_tensor(detail["index"]) for detail in found})
    return results

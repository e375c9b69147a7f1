"""Models with bodies, checked with XNNPACK and without."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import model_of, onnx_outputs, tflite_outputs

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.tflite.conversion import convert_model
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write

HEAD = '<ir_version: 10, opset_import: ["" : {opset}]>'


def model(text: str, *, opset: int = 23, **initializers: np.ndarray) -> ir.Model:
    """A model of the graph `text`."""
    return model_of(HEAD.format(opset=opset) + text, **initializers)


def agrees(
    built: ir.Model, inputs: Mapping[str, np.ndarray], *, oracle: str = "ort", rtol: float = 1e-5, atol: float = 1e-6
) -> dict[str, int]:
    """Asserts that the literal lowering, and the file with XNNPACK and without, do as the oracle; gives the operators.

    Two conversions only: bodies take long to lower.
    """
    want = onnx_outputs(built, inputs, oracle=oracle)
    converted = convert_model(built, io_layout="keep")
    for data, reference in ((write(lower(built)), False), (converted.data, False), (converted.data, True)):
        same(tflite_outputs(data, inputs, reference=reference), want, rtol, atol)
    return converted.op_counts


def run_both(built: ir.Model, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the file gives, with XNNPACK and without, asserted to be what ONNX Runtime gives."""
    want = onnx_outputs(built, inputs)
    data = convert_model(built, io_layout="keep").data
    for reference in (False, True):
        got = tflite_outputs(data, inputs, reference=reference)
        same(got, want, 1e-5, 1e-6)
    return got


def again(built: ir.Model, feeds: Sequence[Mapping[str, np.ndarray]]) -> None:
    """Asserts that one interpreter gives the right outputs for one of `feeds` after the other, twice."""
    from ai_edge_litert.interpreter import Interpreter

    data = bytes(convert_model(built, io_layout="keep").data)
    run = Interpreter(model_content=data, num_threads=1).get_signature_runner()
    for inputs in [*feeds, *feeds]:
        same(run(**inputs), onnx_outputs(built, inputs), 1e-5, 1e-6)


def same(got: Mapping[str, np.ndarray], want: Mapping[str, np.ndarray], rtol: float, atol: float) -> None:
    """Asserts equal names, types, shapes, and numbers within the tolerance."""
    assert set(got) == set(want)
    for name, array in want.items():
        assert (got[name].dtype, got[name].shape) == (array.dtype, array.shape)
        np.testing.assert_allclose(got[name], array, rtol=rtol, atol=atol, err_msg=name)


def refused(built: ir.Model) -> list[str]:
    """Why it cannot be converted: one text for each node that is refused."""
    with pytest.raises(PortproofError) as caught:
        convert_model(built)
    assert {message.code for message in caught.value.messages} == {"E-OP-UNSUPPORTED"}
    return [f"{message.what}: {message.why}" for message in caught.value.messages]


def floats(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def scalar(number: float, dtype: str = "int64") -> np.ndarray:
    return np.array(number, dtype)


YES = np.array(True)

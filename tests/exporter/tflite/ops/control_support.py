"""Models with bodies, checked with XNNPACK and without."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import check, model_of, onnx_outputs, tflite_outputs

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.tflite.conversion import convert_model

HEAD = '<ir_version: 10, opset_import: ["" : {opset}]>'


def model(text: str, *, opset: int = 23, **initializers: np.ndarray) -> ir.Model:
    """A model of the graph `text`."""
    return model_of(HEAD.format(opset=opset) + text, **initializers)


def agrees(built: ir.Model, inputs: Mapping[str, np.ndarray], **options) -> dict[str, int]:
    """Asserts what `check` does, and the same without XNNPACK; gives the operators."""
    check(built, inputs, **options)
    converted = convert_model(built, io_layout="keep")
    got = tflite_outputs(converted.data, inputs, reference=True)
    for name, want in onnx_outputs(built, inputs, oracle=options.get("oracle", "ort")).items():
        assert got[name].shape == want.shape
        np.testing.assert_allclose(got[name], want, rtol=options.get("rtol", 1e-5), atol=options.get("atol", 1e-6))
    return converted.op_counts


def run_both(built: ir.Model, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the file gives, with XNNPACK and without, asserted to be what ONNX Runtime gives."""
    want = onnx_outputs(built, inputs)
    for reference in (False, True):
        got = tflite_outputs(convert_model(built, io_layout="keep").data, inputs, reference=reference)
        for name, array in want.items():
            assert got[name].shape == array.shape
            np.testing.assert_allclose(got[name], array, rtol=1e-5, atol=1e-6)
    return got


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
Names = Sequence[str]

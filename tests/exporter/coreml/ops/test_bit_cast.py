"""BitCast."""

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.coreml.harness import run
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError


@pytest.mark.parametrize(("source", "wanted"), [("int8", "uint8"), ("uint16", "int16"), ("int32", "int32")])
def test_integers(source: str, wanted: str) -> None:
    limits = np.iinfo(source)
    x = np.array([limits.min, -1 % 200 if limits.min == 0 else -1, 0, 1, limits.max]).astype(source)
    model = node_model("BitCast", {"x": x}, opset=26, to=int(ir.DataType[wanted.upper()]))
    got, _ = run(model, {"x": x})
    np.testing.assert_array_equal(got["y"], x.view(wanted))


@pytest.mark.parametrize(("source", "wanted"), [("float32", "INT32"), ("int32", "UINT32")])
def test_bits_that_mil_does_not_read(source: str, wanted: str) -> None:
    x = np.ones(3, source)
    with pytest.raises(PortproofError, match="bits of"):
        run(node_model("BitCast", {"x": x}, opset=26, to=int(ir.DataType[wanted])), {"x": x})

"""QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear."""

from typing import Any

import ml_dtypes
import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.coreml.harness import check, run
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import inferred, model_of, node_model

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreml.lower import lower

X = np.array([[-3.3, 0.5, 0.25], [1.5, 2.5, 60]], np.float32)


@pytest.mark.parametrize("target", ["iOS16", "iOS17"])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16])
def test_there_and_back(target: str, dtype: type) -> None:
    constants = {"s": np.array(0.5, np.float32), "z": np.array(3, dtype)}
    check(node_model("QuantizeLinear", {"x": X}, constants=constants), {"x": X}, target=target)
    q = np.array([[-3, 0, 100], [7, 5, 1]]).astype(dtype)
    check(node_model("DequantizeLinear", {"q": q}, constants=constants), {"q": q}, target=target)


@pytest.mark.parametrize("target", ["iOS16", "iOS17"])
@pytest.mark.parametrize("axis", [0, 1])
def test_along_an_axis(target: str, axis: int) -> None:
    count = X.shape[axis]
    constants = {"s": np.array([0.5, 0.25, 2][:count], np.float32), "z": np.array([1, -2, 0][:count], np.int8)}
    check(node_model("QuantizeLinear", {"x": X}, constants=constants, axis=axis), {"x": X}, target=target)


def test_blocks_and_parameters_computed_at_run_time() -> None:
    x = np.repeat(X, 2, axis=1)
    constants = {"s": np.array([[0.5, 0.25, 2], [1, 4, 0.125]], np.float32)}
    model = node_model("QuantizeLinear", {"x": x}, constants=constants, axis=1, block_size=2, output_dtype=3)
    check(model, {"x": x})
    fed = {"x": X, "s": np.array([0.5, 0.25, 2], np.float32), "z": np.array([1, 0, 4], np.uint8)}
    check(node_model("QuantizeLinear", fed), fed)


def test_operators_of_ios17() -> None:
    constants = {"s": np.array(0.5, np.float32), "z": np.array(3, np.int8)}
    text = """<ir_version: 10, opset_import: ["": 21]>
    agraph (float[2, 3] x) => (float[2, 3] y) { q = QuantizeLinear(x, s, z) y = DequantizeLinear(q, s, z) }"""
    check(_with(text, **constants), {"x": X}, target="iOS17", expect=["dequantize", "quantize"])


@pytest.mark.parametrize(
    ("target", "form"),
    [("iOS15", ""), ("iOS16", "constexpr_affine_dequantize"), ("iOS18", "constexpr_blockwise_shift_scale")],
)
@pytest.mark.parametrize("axis", [0, 1])
def test_weights_stay_integers(target: str, form: str, axis: int) -> None:
    wq = np.arange(24, dtype=np.int8).reshape(4, 6) - 12
    ws = np.linspace(0.5, 1, wq.shape[axis], dtype=np.float32)
    arrays = {"wq": wq, "ws": ws, "wz": np.arange(ws.size, dtype=np.int8)}
    text = """<ir_version: 10, opset_import: ["": 21]>
    agraph (float[2, 4] x) => (float[2, 6] y) { w = DequantizeLinear<axis = AXIS>(wq, ws, wz) y = MatMul(x, w) }"""
    model = _with(text.replace("AXIS", str(axis)), **arrays)
    check(model, {"x": grid(2, 4)}, target=target, expect=["linear"], rtol=1e-4, atol=1e-5)
    assert set(_forms(model, target)) == {form} - {""}


@pytest.mark.parametrize("target", ["iOS17", "iOS18"])
def test_blocks_of_four_bits(target: str) -> None:
    wq = (np.arange(24).reshape(4, 6) % 16 - 8).astype(ml_dtypes.int4)
    ws = np.array([[0.5, 1, 2, 0.25, 1, 1], [1, 0.5, 0.25, 2, 1, 4]], np.float32)
    text = """<ir_version: 10, opset_import: ["": 21]>
    agraph (float[2, 4] x) => (float[2, 6] y) {
      w = DequantizeLinear<axis = 0, block_size = 2>(wq, ws)  y = MatMul(x, w) }"""
    model = _with(text, wq=wq, ws=ws)
    check(model, {"x": grid(2, 4)}, target=target, expect=["linear"], rtol=1e-4, atol=1e-5)
    assert bool(_forms(model, target)) == (target == "iOS18")


@pytest.mark.parametrize("target", ["iOS17", "iOS18"])
def test_a_convolution_of_eight_bits(target: str) -> None:
    wq = (np.arange(54) % 37 - 18).astype(np.int8).reshape(3, 2, 3, 3)
    arrays: dict[str, Any] = {"wq": wq, "ws": np.array([0.1, 0.2, 0.3], np.float32), "wz": np.zeros(3, np.int8)}
    arrays |= {"xs": np.array(0.05, np.float32), "xz": np.array(-3, np.int8)}
    arrays |= {"bq": np.array([10, -20, 30], np.int32), "bs": np.array([0.005, 0.01, 0.015], np.float32)}
    text = """<ir_version: 10, opset_import: ["": 21]>
    agraph (float[1, 2, 5, 5] x) => (float[1, 3, 3, 3] y) {
      q = QuantizeLinear(x, xs, xz)  d = DequantizeLinear(q, xs, xz)
      w = DequantizeLinear<axis = 0>(wq, ws, wz)  b = DequantizeLinear<axis = 0>(bq, bs)
      y = Conv<dilations = [1, 1]>(d, w, b) }"""
    form = "constexpr_blockwise_shift_scale" if target == "iOS18" else "constexpr_affine_dequantize"
    model = _with(text, **arrays)
    expect = ["conv", "dequantize", "quantize"]
    # In float16 a quotient near the middle of two integers may go to the other one.
    check(model, {"x": grid(1, 2, 5, 5)}, target=target, expect=expect, rtol=1e-4, atol=1e-5, float16=False)
    assert _forms(model, target) == [form]


def test_the_scale_that_the_data_need() -> None:
    for x in (X, X - 100, np.zeros((2, 2), np.float32)):
        check(node_model("DynamicQuantizeLinear", {"x": x}, outputs=["y", "s", "z"]), {"x": x})


def test_a_division_in_another_type() -> None:
    constants = {"s": np.array(0.5, np.float32), "z": np.array(3, np.int8)}
    model = node_model("QuantizeLinear", {"x": X}, constants=constants, precision=int(ir.DataType.FLOAT16))
    with pytest.raises(PortproofError, match="a division in FLOAT16"):
        run(model, {"x": X})


def _forms(model: ir.Model, target: str) -> list[str]:
    """The constants that are computed when the package is loaded."""
    operations = lower(model, target=target).program.functions["main"].operations
    return [op.op_type for op in operations if op.op_type.startswith("constexpr")]


def _with(text: str, **arrays: np.ndarray) -> ir.Model:
    """`model_of`, with shapes that depend on the constants."""
    return inferred(ir.to_proto(model_of(text, **arrays)))

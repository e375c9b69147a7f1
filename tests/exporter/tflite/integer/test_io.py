"""Files whose inputs and outputs are integers, and the runner that knows what they stand for."""

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.integer.qdq import Quantized, quantized, reference, sample, steps_apart

import portproof.runtimes
from portproof.exporter.tflite import convert
from portproof.exporter.tflite.conversion import convert_model
from portproof.runtimes.parity import run_in_source_layout

SHAPE = (1, 3, 6, 5)


def _network(dtype: str = "int8") -> Quantized:
    return quantized(
        "(float[1,3,6,5] x) => (float[1,4,6,5] y) { t = Conv<pads=[1,1,1,1]>(x, w, b) y = Relu(t) }",
        {"x": sample(SHAPE)},
        weights={"w": (sample((4, 3, 3, 3), 1), 0)},
        biases={"b": (sample((4,), 2), "x", "w")},
        skip=["t"],
        dtype=dtype,
    )


@pytest.mark.parametrize("integer_io", [False, True])
def test_a_file_is_compared_with_the_float_model_whatever_its_ends_are(tmp_path: Path, integer_io: bool) -> None:
    model = _network()
    source, path = tmp_path / "m.onnx", tmp_path / "m.tflite"
    ir.save(model.model, source)
    convert(source, path, integer_io=integer_io)
    with portproof.runtimes.open(path) as runner:
        kinds = [spec.dtype for spec in (*runner.inputs, *runner.outputs)]
        assert kinds == (["int8", "int8"] if integer_io else ["float32", "float32"])
        found = runner.outputs[0].quantization
        assert found == (pytest.approx(model.scales["y"]) if integer_io else None)
        got = run_in_source_layout(runner, model.inputs)
    assert got["y"].dtype == np.float32
    assert (steps_apart(model, got, reference(model.model, model.inputs))["y"] <= 1.01).mean() > 0.999


def test_nothing_is_left_to_convert() -> None:
    converted = convert_model(_network().model, integer_io=True)
    assert converted.op_counts == {"CONV_2D": 1}
    assert converted.input_perms == {"x": (0, 2, 3, 1)}


def test_what_is_not_quantized_stays_float() -> None:
    model = quantized(
        "(float[2,3] x, float[2,3] z) => (float[2,3] y, float[2,3] v) { y = Mul(x, x) v = Add(z, z) }",
        {"x": sample((2, 3)), "z": sample((2, 3), 1)},
        skip=["z", "v"],
    )
    graph = convert_model(model.model, integer_io=True)
    assert graph.integer_kernels == {"MUL": 1}
    assert [island.op for island in graph.islands] == ["ADD"]


def test_uint8_inputs_of_the_model_are_inputs_of_the_file(tmp_path: Path) -> None:
    model = _network("uint8")
    onnx_model = model.model.clone()
    graph = onnx_model.graph
    quantize = next(node for node in graph if node.op_type == "QuantizeLinear" and node.inputs[0] is graph.inputs[0])
    given = ir.Value(name="x", shape=ir.Shape(SHAPE), type=ir.TensorType(ir.DataType.UINT8))
    ir.convenience.replace_all_uses_with(quantize.outputs[0], given)
    graph.remove(quantize, safe=True)
    graph.inputs[0] = given
    converted = convert_model(onnx_model, io_layout="keep")
    scale, zero = model.scales["x"]
    pixels = np.clip(np.rint(model.inputs["x"] / np.float32(scale)) + zero, 0, 255).astype(np.uint8)
    path = tmp_path / "m.tflite"
    converted.save(path)
    with portproof.runtimes.open(path) as runner:
        got = run_in_source_layout(runner, {"x": pixels})
    assert converted.integer_kernels["CONV_2D"] == 1
    assert (steps_apart(model, got, reference(onnx_model, {"x": pixels}))["y"] <= 1.01).mean() > 0.999

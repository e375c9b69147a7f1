"""QDQ models as QNN and TensorRT take them: the same numbers, stored otherwise."""

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from nets import conv_net, images, save

from portproof.calibration import quantize, run
from portproof.calibration.dialect import adapt, signed
from portproof.calibration.graph.access import constant
from portproof.calibration.options import unit_rules
from portproof.device_profiles import integer_kernels

DATA = images()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ir.Model:
    """As writers of other formats take it."""
    folder = tmp_path_factory.mktemp("plain")
    return signed(ir.load(quantize(save(conv_net(), folder), folder / "q.onnx", DATA, recipe="fast").path))


def outputs(model: ir.Model) -> list[np.ndarray]:
    running = run.session(run.to_bytes(model))
    return [run.values(running, ["y"], sample)["y"] for sample in DATA]


def parameters(model: ir.Model) -> list[tuple[str, np.ndarray]]:
    """Kind and zero points of every pair's half: of activations, weights and biases."""
    found = []
    for node in model.graph:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            zero_point = constant(node.inputs[2])
            assert zero_point is not None
            kind = "activation" if zero_point.ndim == 0 else "weight" if zero_point.dtype == np.int8 else "bias"
            found.append((kind, zero_point))
    return found


def test_qnn_takes_uint8(plain: ir.Model) -> None:
    rules = integer_kernels.load("qnn-htp").model_copy(update={"float_biases": False})
    shifted = adapt(plain.clone(), rules)
    assert {array.dtype.name for kind, array in parameters(shifted) if kind == "activation"} == {"uint8"}
    assert {array.dtype.name for kind, array in parameters(shifted) if kind == "weight"} == {"int8"}
    assert {array.dtype.name for kind, array in parameters(shifted) if kind == "bias"} == {"int32"}
    before = [int(array) for kind, array in parameters(plain) if kind == "activation"]
    assert [int(array) for kind, array in parameters(shifted) if kind == "activation"] == [z + 128 for z in before]
    assert all(np.array_equal(a, b) for a, b in zip(outputs(plain), outputs(shifted), strict=True))


def test_what_is_written_is_fused_whole_by_onnxruntime(plain: ir.Model, tmp_path: Path) -> None:
    """A value with two readers keeps int8 layers around it in float on x86; uint8 does not."""
    import onnxruntime

    def kernels(model: ir.Model) -> set[str]:
        settings = onnxruntime.SessionOptions()
        settings.optimized_model_filepath = str(tmp_path / "optimized.onnx")
        settings.log_severity_level = 4
        onnxruntime.InferenceSession(run.to_bytes(model), settings, providers=["CPUExecutionProvider"])
        return {node.op_type for node in ir.load(tmp_path / "optimized.onnx").graph}

    assert not kernels(adapt(plain.clone(), integer_kernels.load())) & {"Conv", "Add", "Gemm"}
    assert {"QLinearConv", "QLinearAdd"} <= kernels(adapt(plain.clone(), integer_kernels.load()))


def test_signed_undoes_it(plain: ir.Model) -> None:
    shifted = adapt(plain.clone(), integer_kernels.load())
    back = signed(shifted)
    assert run.to_bytes(back) == run.to_bytes(plain)
    assert {array.dtype.name for kind, array in parameters(shifted) if kind == "activation"} == {"uint8"}


def test_shifted_constants_keep_their_numbers() -> None:
    model = ir.from_onnx_text("""
<ir_version: 10, opset_import: ["" : 21]>
net (float[3] x) => (float[3] y)
<float s = {0.5}, int8 p = {-3}, int8[3] c = {-128, 0, 127}>
{ q = QuantizeLinear(x, s, p) d = DequantizeLinear(q, s, p) k = DequantizeLinear(c, s, p) y = Add(d, k) }
""")
    given = {"x": np.asarray([1.0, -70.0, 70.0], np.float32)}
    wanted = run.values(run.session(run.to_bytes(model)), ["y"], given)["y"]
    shifted = adapt(model, integer_kernels.load("qnn-htp"))
    assert constant(shifted.graph.initializers["c"]).tolist() == [0, 128, 255]  # type: ignore[union-attr]
    assert np.array_equal(run.values(run.session(run.to_bytes(shifted)), ["y"], given)["y"], wanted)


def test_tensorrt_takes_float_biases_and_zero_points_of_zero(tmp_path: Path) -> None:
    found = quantize(save(conv_net(), tmp_path), tmp_path / "q.onnx", DATA, recipe="fast", device="tensorrt")
    model = ir.load(found.path)
    kinds = parameters(model)
    assert {kind for kind, _ in kinds} == {"activation", "weight"}
    assert all(array.dtype == np.int8 and not array.any() for _, array in kinds)
    biases = [constant(node.inputs[2]) for node in model.graph if node.op_type in ("Conv", "Gemm")]
    assert len(biases) == 3
    assert all(bias is not None and bias.dtype == np.float32 for bias in biases)
    assert not [name for name in model.graph.initializers if "bias" in name and "scale" in name]
    assert found.report.accuracy.sqnr_db > 20


def test_float_biases_are_the_integers_numbers(plain: ir.Model) -> None:
    changed = adapt(plain.clone(), integer_kernels.load("tensorrt"))
    assert "bias" not in {kind for kind, _ in parameters(changed)}
    assert all(np.array_equal(a, b) for a, b in zip(outputs(plain), outputs(changed), strict=True))


def test_a_unit_that_asks_for_nothing_changes_nothing(plain: ir.Model) -> None:
    before = run.to_bytes(plain)
    rules = unit_rules(None).model_copy(update={"unsigned_activations": False})
    assert run.to_bytes(adapt(plain, rules)) == before

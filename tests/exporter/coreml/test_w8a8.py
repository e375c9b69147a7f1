"""Models quantized by ONNX Runtime: 8-bit weights for each channel, 8-bit activations, as pairs of Q and DQ."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from portproof.exporter.coreml.conversion import write_model
from portproof.exporter.simplify import simplify
from portproof.runtimes.coreml import load
from portproof.runtimes.coreml.parse import read
from portproof.runtimes.coreml.program import Operation

RNG = np.random.default_rng(0)
DATA = [RNG.standard_normal((1, 3, 16, 16)).astype(np.float32) for _ in range(4)]
SHAPES = {"w1": (16, 3, 3, 3), "w2": (16, 1, 3, 3), "w3": (24, 16, 1, 1), "k": (24, 10)}
BIASES = {"b1": (16,), "b2": (16,), "b3": (24,), "kb": (10,)}


class Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self) -> None:
        self.left: Iterator[np.ndarray] = iter(DATA)

    def get_next(self) -> dict[str, np.ndarray] | None:
        x = next(self.left, None)
        return None if x is None else {"x": x}


def network() -> onnx.ModelProto:
    """Convolutions of three kinds, a sum of two branches, a pool, a classifier."""
    model = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 17]> g (float[1,3,16,16] x) => (float[1,10] y) {'
        " a = Conv<pads=[1,1,1,1], strides=[2,2]>(x, w1, b1) r = Relu(a)"
        " b = Conv<pads=[1,1,1,1], group=16>(r, w2, b2) s = Relu(b) t = Add(s, r) c = Conv(t, w3, b3) u = Relu(c)"
        " p = GlobalAveragePool(u) q = Flatten(p) y = Gemm(q, k, kb) }"
    )
    for name, shape in {**SHAPES, **BIASES}.items():
        array = (RNG.standard_normal(shape) * 0.2).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return onnx.shape_inference.infer_shapes(model)


@pytest.fixture(scope="module", params=[QuantType.QInt8, QuantType.QUInt8], ids=["int8", "uint8"])
def quantized(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("w8a8")
    onnx.save(network(), folder / "float.onnx")
    quantize_static(
        str(folder / "float.onnx"),
        str(folder / "q.onnx"),
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=request.param,
        extra_options={"ActivationSymmetric": request.param == QuantType.QInt8},
    )
    return folder / "q.onnx"


@pytest.fixture(scope="module")
def simplified(quantized: Path) -> Path:
    path = quantized.with_name("simplified.onnx")
    ir.save(simplify(ir.load(quantized))[0], path)
    return path


def step(path: Path) -> float:
    """The width of a quantisation step of the output."""
    scales = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    return float(scales["y_scale"])


def operations(path: Path) -> list[Operation]:
    return list(read(path).functions["main"].block.operations)


def steps_off(source: Path, quantized: Path, folder: Path, **options: Any) -> float:
    """How far a package is from ONNX Runtime, in steps of the output."""
    written = write_model(ir.load(source), folder / "m.mlpackage", **options)
    session = onnxruntime.InferenceSession(str(quantized), providers=["CPUExecutionProvider"])
    package = load(written.path)
    off = [np.abs(package.predict({"x": x})["y"] - session.run(None, {"x": x})[0]) for x in DATA]
    return float(np.max(off)) / step(quantized)


@pytest.mark.parametrize("target", ["iOS16", "iOS17"])
def test_float32_between_the_pairs_is_onnx_runtimes(
    quantized: Path, simplified: Path, target: str, tmp_path: Path
) -> None:
    assert steps_off(simplified, quantized, tmp_path, target=target, float16=False) < 1e-3


def test_float16_between_the_pairs_is_within_a_step(quantized: Path, simplified: Path, tmp_path: Path) -> None:
    """The output is rounded to float16 as well: 127 steps by a sixteenth of one."""
    assert steps_off(simplified, quantized, tmp_path, target="iOS17") < 1.07


def test_models_without_types_are_quantized_as_their_zero_points(quantized: Path, tmp_path: Path) -> None:
    assert steps_off(quantized, quantized, tmp_path, target="iOS17", float16=False) < 1e-3


@pytest.mark.parametrize(
    ("target", "form", "data"),
    [
        ("iOS17", "constexpr_affine_dequantize", "quantized_data"),
        ("iOS18", "constexpr_blockwise_shift_scale", "data"),
    ],
)
def test_weights_are_int8_in_the_file_and_activations_go_through_int8(
    simplified: Path, target: str, form: str, data: str, tmp_path: Path
) -> None:
    written = write_model(ir.load(simplified), tmp_path / "m.mlpackage", target=target)
    counts = Counter(operation.type for operation in operations(written.path))
    assert (counts[form], counts["conv"], counts["linear"]) == (4, 3, 1)
    assert counts["quantize"] >= 7
    assert counts["dequantize"] >= counts["quantize"]
    assert not counts["round"]
    packed = [operation for operation in operations(written.path) if operation.type == form]
    stored: dict[str, Any] = {operation.name: _literal(operation, data) for operation in packed}
    assert {kind.type.dtype for kind in stored.values()} == {"int8"}
    weights = sum(int(np.prod(shape)) for shape in SHAPES.values())
    assert sum(kind.value.size for kind in stored.values()) == weights


def _literal(operation: Operation, name: str) -> Any:
    return operation.attributes[name] if name in operation.attributes else operation.inputs[name][0]


def test_biases_go_into_the_products(simplified: Path, tmp_path: Path) -> None:
    written = write_model(ir.load(simplified), tmp_path / "m.mlpackage", target="iOS17")
    assert written.op_counts["add"] == 1

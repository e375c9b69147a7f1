"""Whole networks: those that ONNX Runtime's own quantizer makes, and the way from one file to another."""

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from tests.exporter.tflite.integer.qdq import (
    HEAD,
    Quantized,
    kernels,
    partitions,
    quantized,
    reference,
    sample,
    steps_apart,
)

import portproof.runtimes
from portproof.exporter import export
from portproof.exporter.precision import precision_of
from portproof.exporter.tflite import convert
from portproof.runtimes.parity import run_in_source_layout

SHAPE = (1, 3, 16, 16)
BODY = """(float[1,3,16,16] x) => (float[1,5] y) {
    a = Conv<pads=[1,1,1,1], strides=[2,2]>(x, w1, b1)
    b = Clip(a, low, high)
    c = Conv<pads=[1,1,1,1], group=8>(b, w2, b2)
    d = Relu(c)
    e = Conv(d, w3, b3)
    s = Add(e, b)
    f = Relu(s)
    g = MaxPool<kernel_shape=[3,3], strides=[2,2], pads=[1,1,1,1]>(f)
    h = Concat<axis=1>(g, g)
    i = GlobalAveragePool(h)
    j = Flatten(i)
    y = Gemm<transB=1>(j, w4, b4)
}"""
WEIGHTS = {
    "w1": (8, 3, 3, 3),
    "w2": (8, 1, 3, 3),
    "w3": (8, 8, 1, 1),
    "w4": (5, 16),
    "b1": (8,),
    "b2": (8,),
    "b3": (8,),
    "b4": (5,),
}


class _Data(CalibrationDataReader):
    def __init__(self) -> None:
        self.left = [{"x": sample(SHAPE, seed)} for seed in range(3)]

    def get_next(self) -> dict[str, np.ndarray] | None:
        return self.left.pop() if self.left else None


def _quantized(folder: Path, kind: QuantType, *, per_channel: bool) -> Path:
    model = onnx.parser.parse_model(HEAD + BODY)
    for seed, (name, shape) in enumerate(WEIGHTS.items()):
        array = sample(shape, seed, 1 / np.sqrt(np.prod(shape[1:])))
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    model.graph.initializer.extend([helper.make_tensor(n, 1, (), [v]) for n, v in (("low", 0.0), ("high", 6.0))])
    source, target = folder / "float.onnx", folder / "net.onnx"
    onnx.save(model, source)
    options = {"quant_format": QuantFormat.QDQ, "activation_type": kind, "weight_type": QuantType.QInt8}
    quantize_static(source, target, _Data(), per_channel=per_channel, **options)
    return target


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("kind", "per_channel"), [(QuantType.QInt8, True), (QuantType.QUInt8, False)], ids=str)
def test_what_onnx_runtime_quantizes(tmp_path: Path, kind: QuantType, per_channel: bool) -> None:
    source, target = _quantized(tmp_path, kind, per_channel=per_channel), tmp_path / "net.tflite"
    convert(source, target)
    found = kernels(target.read_bytes())
    assert {name for name, type_name in found if type_name == "float32"} == {"DEQUANTIZE"}
    assert (found["CONV_2D", "int8"], found["DEPTHWISE_CONV_2D", "int8"]) == (2, 1)
    assert partitions(target.read_bytes()) == (1, 0)


@pytest.mark.filterwarnings("ignore")
def test_an_export_of_a_quantized_model_is_proved_as_one(tmp_path: Path) -> None:
    source = _quantized(tmp_path, QuantType.QInt8, per_channel=True)
    result = export(str(source), targets=["tflite", "onnx"], out_dir=tmp_path / "out")
    assert not result.failed
    files = {path.suffix: path for path in (tmp_path / "out").iterdir()}
    assert precision_of(files[".tflite"], "tflite") == precision_of(files[".onnx"], "onnx") == "int8"
    integers = result.report.tflite_integers
    assert integers is not None
    assert (integers.kernels["CONV_2D"], integers.islands) == (2, ())
    tflite = next(target for target in result.report.parity if target.target == "tflite")
    assert float(tflite.outputs[0].sqnr_db) > 35


def _open(model: ir.Model, sizes: dict[int, str]) -> None:
    """Sizes by axis become symbols."""
    for value in (*model.graph.inputs, *model.graph.outputs):
        shape = list(value.shape or ())
        value.shape = ir.Shape([sizes.get(axis, size) for axis, size in enumerate(shape)])
    for node in model.graph:
        for value in node.outputs:
            if not value.is_graph_output():
                value.shape = None


def _small() -> Quantized:
    return quantized(
        "(float[1,3,8,8] x) => (float[1,4,8,8] y) { t = Conv<pads=[1,1,1,1]>(x, w, b) r = Relu(t) y = Add(r, r) }",
        {"x": sample((1, 3, 8, 8))},
        weights={"w": (sample((4, 3, 3, 3), 1), 0)},
        biases={"b": (sample((4,), 2), "x", "w")},
        skip=["t"],
    )


def test_sizes_that_stay_open(tmp_path: Path) -> None:
    model, source, target = _small(), tmp_path / "net.onnx", tmp_path / "net.tflite"
    _open(model.model, {0: "N", 2: "H"})
    ir.save(model.model, source)
    convert(source, target, dims={"N": (1, 4), "H": (4, 32)})
    assert {("CONV_2D", "int8"), ("ADD", "int8")} <= set(kernels(target.read_bytes()))
    with portproof.runtimes.open(target) as runner:
        for shape in ((1, 3, 8, 8), (2, 3, 12, 8)):
            inputs = {"x": sample(shape, 7)}
            apart = steps_apart(model, run_in_source_layout(runner, inputs), reference(model.model, inputs))
            assert (apart["y"] <= 1.01).mean() > 0.999


def test_several_functions_of_integers(tmp_path: Path) -> None:
    model, source, target = _small(), tmp_path / "net.onnx", tmp_path / "net.tflite"
    ir.save(model.model, source)
    convert({"one": source, "two": source}, target, integer_io=True)
    for key in ("one", "two"):
        with portproof.runtimes.open(target, signature=key) as runner:
            assert runner.inputs[0].dtype == "int8"
            got = run_in_source_layout(runner, model.inputs)
        assert (steps_apart(model, got, reference(model.model, model.inputs))["y"] <= 1.01).mean() > 0.999

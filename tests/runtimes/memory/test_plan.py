"""Plans of files, held against where LiteRT itself puts their tensors."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import model_of

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_io
from portproof.exporter.coreml.conversion import write_model
from portproof.exporter.tflite.conversion import convert_model
from portproof.runtimes.memory import plan
from portproof.runtimes.tflite_schema import read as read_model

HEAD = '<ir_version: 10, opset_import: ["" : 18]>\n'
GRAPHS = {
    "chain": "net (float[1,8,6,6] x) => (float[1,8,6,6] y) { a = Tanh(x)  b = Mul(a, a)  c = Sigmoid(b)  y = Tanh(c) }",
    "skip": """net (float[1,8,6,6] x) => (float[1,8,6,6] y) {
      a = Tanh(x)  b = Sigmoid(a)  c = Tanh(b)  d = Add(c, a)  e = Tanh(d)  y = Mul(e, d) }""",
    "pools": """net (float[1,8,24,24] x) => (float[1,8,6,6] y) {
      a = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x)  b = Tanh(a)
      c = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(b)  y = Sigmoid(c) }""",
    "branches": """net (float[1,16,10,10] x) => (float[1,16,10,10] y, float[1,16,10,10] z) {
      a = Tanh(x)  b = Sigmoid(x)  c = Sub(a, b)  d = Tanh(c)  e = Mul(d, c)  y = Sigmoid(e)  z = Tanh(b) }""",
}


def addresses(path: Path) -> int:
    """The bytes from the first to the last of the tensors that are no constants, as LiteRT lays them out."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_path=str(path), experimental_op_resolver_type=plain)
    interpreter.allocate_tensors()
    model = read_model(path)
    spans = []
    for at, tensor in enumerate(model.subgraphs[0].tensors):
        if not len(model.buffers[tensor.buffer].data if model.buffers[tensor.buffer].data is not None else ()):
            array = interpreter.tensor(at)()
            begin = array.__array_interface__["data"][0]
            spans.append((begin, begin + array.nbytes))
    return max(high for _, high in spans) - min(low for low, _ in spans)


@pytest.fixture(params=GRAPHS)
def model(request: pytest.FixtureRequest) -> ir.Model:
    return model_of(HEAD + GRAPHS[request.param])


def test_a_tflite_file_takes_what_litert_lays_out(model: ir.Model, tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(convert_model(model).data)
    found = plan(tmp_path / "net.tflite")
    assert found.arena_bytes == addresses(tmp_path / "net.tflite")
    assert found.least_bytes <= found.arena_bytes


def test_formats_agree_on_the_least(model: ir.Model, tmp_path: Path) -> None:
    onnx_io.save(model, tmp_path / "net.onnx")
    write_model(model, tmp_path / "net.mlpackage", target="iOS17", float16=False)
    assert plan(tmp_path / "net.onnx").least_bytes == plan(tmp_path / "net.mlpackage").least_bytes


def saved(text: str, path: Path, **constants: Any) -> Path:
    onnx_io.save(model_of(HEAD + text, **constants), path)
    return path


def test_weights_and_the_operator_of_the_fullest_moment(tmp_path: Path) -> None:
    text = "net (float[4,256] x) => (float[4,16] y) { a = MatMul(x, w)  b = MatMul(a, v)  y = Tanh(b) }"
    wide, narrow = np.ones((256, 512), np.float32), np.ones((512, 16), np.float32)
    found = plan(saved(text, tmp_path / "net.onnx", w=wide, v=narrow))
    assert found.weight_bytes == 4 * (256 * 512 + 512 * 16)
    assert found.least_bytes == 4 * 4 * (256 + 512 + 16)
    assert found.operator.startswith("MatMul")
    assert [buffer.name for buffer in found.moment.alive] == ["a", "x", "b"]
    assert found.peak_bytes == found.weight_bytes + found.arena_bytes


def test_what_is_known_only_when_running_is_named(tmp_path: Path) -> None:
    text = "net (float[n,4] x) => (float[n,4] y) { a = Tanh(x)  y = Sigmoid(a) }"
    assert set(plan(saved(text, tmp_path / "net.onnx")).unknown) == {"x", "a", "y"}


def test_what_runs_inside_of_an_operator_counts_where_it_runs(tmp_path: Path) -> None:
    text = """net (float[4,64] x, bool c) => (float[4,64] y) {
      y = If (c) <
        then_branch = inner () => (float[4,64] p) {
          s = Concat<axis = 1>(x, x)  t = Tanh(s)  p = Slice(t, zero, many, axis) },
        else_branch = other () => (float[4,64] q) { q = Identity(x) }
      > }"""
    ends = {"zero": np.array([0]), "many": np.array([64]), "axis": np.array([1])}
    found = plan(saved(text, tmp_path / "net.onnx", **ends))
    assert found.least_bytes >= 4 * 4 * (64 + 64 + 128)


def test_a_format_without_a_known_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.bin").write_bytes(b"none")
    with pytest.raises(PortproofError):
        plan(tmp_path / "net.bin")

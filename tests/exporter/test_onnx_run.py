import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_run
from portproof.exporter.onnx_run import OnnxFunction, SlowFunction

TEXT = (
    '<ir_version: 10, opset_import: ["" : 23]>\n'
    "g (float[2] x, float[2] u) => (float[2] y, float[2] z) { y = Neg(x)\n z = Add(x, w) }"
)


def model() -> ir.Model:
    proto = onnx.parser.parse_model(TEXT)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 2], "f4"), "w"))
    return ir.from_proto(proto)


X = {"x": np.array([3, 4], "f4"), "u": np.zeros(2, "f4"), "not an input": np.zeros(9)}


def test_runs_by_name_in_order():
    with OnnxFunction(model()) as function:
        assert (function.input_names, function.output_names) == (["x", "u"], ["y", "z"])
        got = function.run(X)
    assert [(name, array.tolist()) for name, array in got.items()] == [("y", [-3, -4]), ("z", [4, 6])]


def test_a_model_too_large_for_bytes_goes_through_a_file(monkeypatch):
    monkeypatch.setattr(onnx_run, "_IN_MEMORY_BYTES", 0)
    with OnnxFunction(model()) as function:
        assert function.run(X)["z"].tolist() == [4, 6]


def test_what_onnx_runtime_refuses(capfd):
    with OnnxFunction(model()) as function, pytest.raises(PortproofError) as caught:
        function.run({**X, "x": np.zeros(3, "f4")})
    assert caught.value.code == "E-RUN"
    given = model()
    given.graph[0].op_type = "NoSuchOp"
    with pytest.raises(PortproofError) as caught:
        OnnxFunction(given)
    assert "NoSuchOp" in caught.value.messages[0].why
    assert capfd.readouterr() == ("", "")


def test_onnx_evaluator_runs_what_onnx_runtime_refuses():
    text = '<ir_version: 6, opset_import: ["" : 6]> g (float[2,3] x, float[3] s) => (float[2,3] y) { y = PRelu(x, s) }'
    old = ir.from_proto(onnx.parser.parse_model(text))
    with pytest.raises(PortproofError):
        OnnxFunction(old)
    with SlowFunction(old) as function:
        got = function.run({"x": -np.ones((2, 3), "f4"), "s": np.arange(3, dtype="f4"), "more": np.zeros(1)})
    assert {name: array.tolist() for name, array in got.items()} == {"y": [[0, -1, -2]] * 2}


def test_what_onnx_evaluator_refuses():
    given = model()
    given.graph[0].op_type = "NoSuchOp"
    with pytest.raises(PortproofError, match="ONNX's evaluator"):
        SlowFunction(given)
    with SlowFunction(model()) as function, pytest.raises(PortproofError) as caught:
        function.run({**X, "x": np.zeros(3, "f4")})
    assert caught.value.code == "E-RUN"

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.onnx_io import to_bytes
from portproof.exporter.onnx_run import OnnxFunction
from portproof.exporter.onnx_weights import as_inputs, put_back
from portproof.exporter.simplify import onnxsim_run

W = np.random.default_rng(0).standard_normal((64, 32)).astype(np.float32)


def model(**more: np.ndarray) -> ir.Model:
    text = (
        '<ir_version: 9, opset_import: ["" : 18]> g (float[1,64] x) => (float[1,32] y)'
        " { a = MatMul(x, w)\n y = Add(a, b) }"
    )
    proto = onnx.parser.parse_model(text)
    for name, array in ({"w": W, "b": np.ones(32, np.float32)} | more).items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return ir.from_proto(proto)


def test_large_weights_are_inputs_while_the_block_runs() -> None:
    given = model()
    before = to_bytes(given)
    with as_inputs(given) as tensors:
        assert [value.name for value in given.graph.inputs] == ["x", "w"]
        assert list(given.graph.initializers) == ["b"]
        assert len(to_bytes(given)) < len(before) - W.nbytes
        onnx.checker.check_model(ir.to_proto(given))
        np.testing.assert_array_equal(tensors["w"].numpy(), W)
    assert to_bytes(given) == before


def test_the_model_is_restored_after_an_error() -> None:
    given = model(unused=W)
    before = to_bytes(given)
    with pytest.raises(KeyError), as_inputs(given):
        raise KeyError
    assert to_bytes(given) == before
    assert all(value.is_initializer() for value in given.graph.initializers.values())


def test_inputs_outputs_small_ones_and_foreign_types_stay() -> None:
    given = model(unused=W)
    given.graph.outputs.append(given.graph.initializers["unused"])
    given.graph.initializers["w"].const_value = ir.Tensor(W.view(np.uint16)[:, :32], dtype=ir.DataType.BFLOAT16)
    with as_inputs(given) as tensors:
        assert tensors == {}
        assert [value.name for value in given.graph.inputs] == ["x"]


def test_put_back() -> None:
    given, wanted = model(), model()
    with as_inputs(given) as tensors:
        other = ir.from_proto(onnx.load_model_from_string(to_bytes(given)))
    put_back(other, tensors)
    assert [value.name for value in other.graph.inputs] == ["x"]
    assert set(other.graph.initializers) == set(wanted.graph.initializers)
    assert other.graph.initializers["w"].const_value is tensors["w"]


def test_onnx_runtime_is_fed_them_without_a_copy() -> None:
    given = model()
    given.graph.initializers["w"].const_value = ir.Tensor(W)
    with OnnxFunction(given) as function:
        assert function.input_names == ["x"]
        assert np.shares_memory(function._weights["w"], W)
        x = np.ones((1, 64), np.float32)
        np.testing.assert_allclose(function.run({"x": x})["y"], x @ W + 1, rtol=1e-5)


def test_where_a_kernel_wants_constants_it_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    session_of, asked = OnnxFunction._session_of, []

    def particular(self: OnnxFunction, content: bytes) -> object:
        asked.append(len(content))
        if len(content) < W.nbytes:
            raise PortproofError("E-RUN", "w is not a constant")
        return session_of(self, content)

    monkeypatch.setattr(OnnxFunction, "_session_of", particular)
    with OnnxFunction(model()) as function:
        x = np.ones((1, 64), np.float32)
        np.testing.assert_allclose(function.run({"x": x})["y"], x @ W + 1, rtol=1e-5)
    assert len(asked) == 2


def test_onnxsim_sees_none_of_a_huge_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(onnxsim_run, "_SHOWN_BYTES", 100)
    given = model()
    given.graph.initializers["w"].const_value = ir.Tensor(W)
    assert list(onnxsim_run._save(given, tmp_path / "in.onnx")) == ["w"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < W.nbytes
    simplified, messages = onnxsim_run.run_onnxsim(given)
    assert messages == ()
    assert [node.op_type for node in simplified.graph] == ["Gemm"]
    assert simplified.graph.initializers["w"].const_value is given.graph.initializers["w"].const_value
    assert [value.name for value in simplified.graph.inputs] == ["x"]


def test_onnxsim_result_shares_weights_with_the_model() -> None:
    given = model()
    simplified, messages = onnxsim_run.run_onnxsim(given)
    assert messages == ()
    assert [node.op_type for node in simplified.graph] == ["Gemm"]
    assert simplified.graph.initializers["w"].const_value is given.graph.initializers["w"].const_value

"""The compiled core of onnxsim gives what its Python gives, and is not relied on."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from portproof.exporter.simplify import onnxsim_child

MODEL = """
<ir_version: 9, opset_import: ["" : 18]>
g (float[2,3] x) => (float[2,4] y)
<float[4,3] w = {1,2,3,4,5,6,7,8,9,10,11,12}, int64[2] shape = {2,-1}, float one = {1}>
{
    t = Transpose<perm=[1,0]>(w)
    s = Add(t, one)
    same = Identity(x)
    flat = Reshape(same, shape)
    y = MatMul(flat, s)
}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.onnx"
    onnx.save(onnx.parser.parse_model(MODEL), path)
    return path


def test_core_gives_what_the_package_gives(source: Path, tmp_path: Path) -> None:
    core, package = tmp_path / "core.onnx", tmp_path / "package.onnx"
    onnxsim_child.by_core(str(source), str(core))
    onnxsim_child.by_package(str(source), str(package))
    assert core.read_bytes() == package.read_bytes()
    assert [node.op_type for node in onnx.load(core).graph.node] == ["MatMul"]


def test_a_core_that_fails_is_replaced_by_the_package(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = []
    monkeypatch.setattr(onnxsim_child, "by_core", lambda *_: 1 / 0)
    monkeypatch.setattr(onnxsim_child, "by_package", lambda *paths: called.append(paths))
    assert onnxsim_child.main(str(source), str(tmp_path / "out.onnx")) == 0
    assert called == [(str(source), str(tmp_path / "out.onnx"))]


def test_a_model_that_the_core_refuses_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the core raises
        onnxsim_child.by_core(str(path), str(tmp_path / "out.onnx"))


def test_evaluates_what_the_core_wants_folded() -> None:
    graph = onnx.parser.parse_model(
        '<ir_version: 9, opset_import: ["" : 18]> g (float[2] a, float[2] b) => (float[2] c) { c = Sub(a, b) }'
    )
    inputs = [numpy_helper.from_array(np.array(item, np.float32)).SerializeToString() for item in ([5, 7], [1, 2])]
    (result,) = onnxsim_child.evaluate(graph.SerializeToString(), inputs)
    np.testing.assert_array_equal(numpy_helper.to_array(onnx.TensorProto.FromString(result)), [4, 5])

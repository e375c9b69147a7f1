import sys
import types
from pathlib import Path

import numpy as np
import onnx_files
import pytest
import tflite_files
from onnx import helper

import portproof.runtimes
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.options import RunOptions
from portproof.runtimes.registry import find_format, open_here
from portproof.runtimes.spec import TensorSpec

X = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype("float32")
FACTOR = np.array([1, 2, 3], "float32")


def code_of(path: Path) -> str:
    with pytest.raises(PortproofError) as caught:
        open_here(path, RunOptions())
    return caught.value.code


@pytest.mark.parametrize("kernels", ["default", "reference"])
def test_litert_runs(tmp_path: Path, kernels: str) -> None:
    path = tflite_files.scale_model(tmp_path / "m.tflite", perms={"inputs": {"x": [0, 2, 3, 1]}, "outputs": {}})
    with portproof.runtimes.open(path, isolated=False, kernels=kernels) as runner:  # type: ignore[arg-type]
        assert runner.inputs == (TensorSpec(name="x", shape=(2, 4, 5, 3), dtype="float32", perm=(0, 2, 3, 1)),)
        assert runner.outputs == (TensorSpec(name="y", shape=(2, 4, 5, 3), dtype="float32"),)
        assert np.array_equal(runner.run({"x": X})["y"], X * FACTOR)
        first = runner.run({"x": X})["y"]
        runner.run({"x": X + 1})
        assert np.array_equal(first, X * FACTOR)  # what was returned is the caller's


def test_litert_without_a_signature_uses_the_tensors_names(tmp_path: Path) -> None:
    path = tflite_files.scale_model(tmp_path / "m.tflite", signature=False)
    with portproof.runtimes.open(path, isolated=False) as runner:
        assert list(runner.run({"serving_x:0": X})) == ["Identity"]


def test_litert_resizes_dynamic_inputs(tmp_path: Path) -> None:
    path = tflite_files.scale_model(tmp_path / "m.tflite", batch=-1)
    with portproof.runtimes.open(path, isolated=False) as runner:
        assert runner.inputs[0].shape == (None, 4, 5, 3)
        for count in (1, 2, 1):
            assert np.array_equal(runner.run({"x": X[:count]})["y"], X[:count] * FACTOR)


def test_litert_keeps_the_graphs_order_not_the_alphabets(tmp_path: Path) -> None:
    tensors = [tflite_files.tensor(name, (3,)) for name in ("t0", "t1", "t2", "t3")]
    add = tflite_files.operator(0, [0, 1], [2], tflite_files.tfl.AddOptionsT())
    sub = tflite_files.operator(1, [0, 1], [3], tflite_files.tfl.SubOptionsT())
    made = tflite_files.model(
        tensors,
        [add, sub],
        ["ADD", "SUB"],
        inputs=[0, 1],
        outputs=[2, 3],
        signature=(["zeta", "alpha"], ["sum", "difference"]),
    )
    with portproof.runtimes.open(tflite_files.write(tmp_path / "m.tflite", made), isolated=False) as runner:
        assert [spec.name for spec in runner.inputs] == ["zeta", "alpha"]
        assert [spec.name for spec in runner.outputs] == ["sum", "difference"]
        result = runner.run({"alpha": np.ones(3, "float32"), "zeta": FACTOR})
        assert list(result) == ["sum", "difference"]
        assert result["difference"].tolist() == [0, 1, 2]


def test_litert_runs_a_signature_of_another_graph(tmp_path: Path) -> None:
    made = tflite_files.read_back(tflite_files.scale_model(tmp_path / "m.tflite"))
    other = tflite_files.read_back(tflite_files.scale_model(tmp_path / "n.tflite")).subgraphs[0]
    made.subgraphs.append(other)
    made.signatureDefs[0].subgraphIndex = 1
    other.tensors[0].name = b"x_of_other"
    path = tflite_files.write(tmp_path / "two.tflite", made)
    with portproof.runtimes.open(path, isolated=False) as runner:
        assert np.array_equal(runner.run({"x": X})["y"], X * FACTOR)


@pytest.mark.parametrize(("signature", "factor"), [("", 1), ("serving_default", 1), ("tenfold", 10)])
def test_litert_runs_the_signature_asked_for(tmp_path: Path, signature: str, factor: int) -> None:
    path = tflite_files.two_signatures(tmp_path / "m.tflite")
    assert portproof.runtimes.signatures(path) == ("serving_default", "tenfold")
    for isolated in (False, True):
        with portproof.runtimes.open(path, isolated=isolated, signature=signature) as runner:
            assert np.array_equal(runner.run({"x": X})["y"], X * (FACTOR * factor))


def test_a_signature_that_is_not_there(tmp_path: Path) -> None:
    path = tflite_files.two_signatures(tmp_path / "m.tflite")
    with pytest.raises(PortproofError, match="no signature 'tenfuld'") as caught:
        portproof.runtimes.open(path, signature="tenfuld")
    assert caught.value.code == "E-USAGE"
    assert caught.value.messages[0].hint == "did you mean tenfold?"
    onnx = onnx_files.scale_model(tmp_path / "m.onnx")
    assert portproof.runtimes.signatures(onnx) == ()
    with pytest.raises(PortproofError, match="has no signature"):
        portproof.runtimes.open(onnx, signature="tenfold")


def test_litert_refuses(tmp_path: Path) -> None:
    bad = tmp_path / "m.tflite"
    bad.write_bytes(b"")
    assert code_of(bad) == "E-MODEL-FORMAT"
    wrong = {"inputs": {"x": [1, 0]}, "outputs": {}}
    assert code_of(tflite_files.scale_model(tmp_path / "p.tflite", perms=wrong)) == "E-MODEL-FORMAT"
    made = tflite_files.read_back(tflite_files.scale_model(tmp_path / "q.tflite"))
    made.operatorCodes[0].builtinCode = tflite_files.tfl.BuiltinOperator.CUSTOM
    made.operatorCodes[0].deprecatedBuiltinCode = 32
    made.operatorCodes[0].customCode = "NobodyHasThis"
    made.subgraphs[0].operators[0].builtinOptionsType = 0
    made.subgraphs[0].operators[0].builtinOptions = None
    with pytest.raises(PortproofError, match="NobodyHasThis") as caught:
        open_here(tflite_files.write(tmp_path / "custom.tflite", made), RunOptions())
    assert caught.value.code == "E-RUN"


def test_old_tflite_runtime_is_used_where_it_is_all_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ai_edge_litert import interpreter

    old, package = types.ModuleType("tflite_runtime.interpreter"), types.ModuleType("tflite_runtime")
    made = []

    class Interpreter(interpreter.Interpreter):
        def __init__(self, **arguments: object) -> None:
            made.append(arguments)
            super().__init__(**arguments)

    old.Interpreter, old.OpResolverType = Interpreter, interpreter.OpResolverType  # type: ignore[attr-defined]
    path = tflite_files.scale_model(tmp_path / "m.tflite", perms={"inputs": {"x": [0, 2, 3, 1]}, "outputs": {}})
    for name in [name for name in sys.modules if name.startswith(("ai_edge_litert", "portproof.runtimes.tflite_s"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(PortproofError, match="ai-edge-litert") as caught:
        open_here(path, RunOptions())
    assert caught.value.code == "E-INSTALL"
    monkeypatch.setitem(sys.modules, "tflite_runtime", package)
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", old)
    with open_here(path, RunOptions(threads=2)) as runner:
        assert runner.inputs[0].perm == (0, 2, 3, 1)
        assert np.array_equal(runner.run({"x": X})["y"], X * FACTOR)
    assert made[0]["num_threads"] == 2


@pytest.mark.parametrize("kernels", ["default", "reference"])
def test_onnxruntime_runs(tmp_path: Path, kernels: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = onnx_files.scale_model(tmp_path / "m.onnx", batch="n")
    with portproof.runtimes.open(path, isolated=False, kernels=kernels) as runner:  # type: ignore[arg-type]
        assert runner.inputs == (TensorSpec(name="x", shape=(None, 3), dtype="float32"),)
        assert runner.outputs == (TensorSpec(name="y", shape=(None, 3), dtype="float32"),)
        assert runner.run({"x": np.ones((2, 3), "float32")})["y"].tolist() == [[1, 2, 3], [1, 2, 3]]
    assert capfd.readouterr() == ("", "")


def test_onnxruntime_refuses_by_kind(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"")
    assert code_of(path) == "E-MODEL-FORMAT"
    onnx_files.save(path, onnx_files.external(onnx_files.scale_proto(), "../w.bin"))
    assert code_of(path) == "E-MODEL-EXTERNAL"
    made = onnx_files.scale_proto()
    made.graph.node.extend([helper.make_node("Relu", ["p"], ["q"]), helper.make_node("Relu", ["q"], ["p"])])
    assert code_of(onnx_files.save(path, made)) == "E-MODEL-INVALID"
    made = onnx_files.proto([helper.make_node("NoSuchOp", ["x"], ["y"])])
    assert code_of(onnx_files.save(path, made)) == "E-MODEL-INVALID"
    path = tmp_path / "m.ort"
    path.write_bytes(b"\x18\0\0\0ORTM" + bytes(100))
    assert code_of(path) == "E-MODEL-FORMAT"


def test_onnxruntime_run_error(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Constant", [], ["shape"], value_ints=[5, 5]),
        helper.make_node("Reshape", ["x", "shape"], ["r"]),
        helper.make_node("ReduceSum", ["r"], ["y"]),
    ]
    made = onnx_files.proto(nodes, batch="n")
    del made.graph.output[0].type.tensor_type.shape.dim[:]
    path = onnx_files.save(tmp_path / "m.onnx", made)
    with (
        open_here(path, RunOptions(kernels="reference")) as runner,
        pytest.raises(PortproofError, match="reshape") as caught,
    ):
        runner.run({"x": np.ones((2, 3), "float32")})
    assert caught.value.code == "E-RUN"


def test_string_tensors_are_refused(tmp_path: Path) -> None:
    made = onnx_files.proto([helper.make_node("Identity", ["x"], ["y"])])
    for value in (made.graph.input[0], made.graph.output[0]):
        value.type.tensor_type.elem_type = 8
    with pytest.raises(PortproofError, match="type string"):
        open_here(onnx_files.save(tmp_path / "m.onnx", made), RunOptions())


def test_wrong_feeds_are_refused_before_the_runtime_sees_them(tmp_path: Path) -> None:
    with open_here(onnx_files.scale_model(tmp_path / "m.onnx"), RunOptions()) as runner:
        with pytest.raises(PortproofError) as caught:
            runner.run({"X": np.ones((2, 3), "float32")})
        assert caught.value.code == "E-DATA-NAME"


def test_formats_are_found_by_suffix_then_by_content(tmp_path: Path) -> None:
    path = tflite_files.scale_model(tmp_path / "MODEL.TFLITE")
    assert find_format(path).name == "LiteRT"
    assert find_format(path.rename(tmp_path / "model.bin")).name == "LiteRT"
    assert find_format(onnx_files.scale_model(tmp_path / "m.onnx")).name == "ONNX Runtime"
    (tmp_path / "notes.txt").write_text("hello")
    for other in (tmp_path / "notes.txt", tmp_path):
        with pytest.raises(PortproofError, match="known are"):
            find_format(other)
    with pytest.raises(PortproofError, match=r"did you mean m\.onnx\?") as caught:
        find_format(tmp_path / "n.onnx")
    assert caught.value.code == "E-FILE-MISSING"

"""Several functions in one file: each is run in LiteRT and compared with ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import model_of, onnx_outputs
from tests.exporter.tflite.ops.recurrent_support import recurrent, weights
from tests.exporter.tflite.ops.samples import normal

import portproof.runtimes
from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_io
from portproof.exporter.tflite import convert
from portproof.exporter.tflite.conversion import lower_function, write_functions
from portproof.runtimes.tflite_format import io_perms
from portproof.runtimes.tflite_schema import read

W = normal(4, 3, 3, 3, seed=1)
BIG = normal(64, 32, seed=2)
CONV = """
<ir_version: 10, opset_import: ["" : 23]>
encode (float[1,3,6,6] x) => (float[1,4,6,6] y) { h = Conv<pads=[1,1,1,1]>(x, w) y = Relu(h) }
"""
# The same names, shapes and constants as in CONV, other numbers.
NEGATED = """
<ir_version: 10, opset_import: ["" : 23]>
decode (float[1,3,6,6] x) => (float[1,4,6,6] y) { h = Conv<pads=[1,1,1,1]>(x, w) g = Neg(h) y = Relu(g) }
"""
LINEAR = """
<ir_version: 10, opset_import: ["" : 23]>
head (float[2,64] x, float[2,32] bias) => (float[2,32] y, float[2] total)
{ p = MatMul(x, b) y = Add(p, bias) a = Constant<value_ints = [1]>() total = ReduceSum<keepdims = 0>(y, a) }
"""


def models() -> dict[str, ir.Model]:
    x = normal(5, 2, 3, seed=3)
    return {
        "encode": model_of(CONV, w=W),
        "decode": model_of(NEGATED, w=W),
        "first_loop": recurrent("GRU", {"x": x}, weights("GRU")),
        "head": model_of(LINEAR, b=BIG),
        "second_loop": recurrent("LSTM", {"x": x}, weights("LSTM", directions=2), direction="bidirectional"),
    }


def inputs_of(model: ir.Model) -> dict[str, np.ndarray]:
    return {value.name or "": normal(*value.shape.numpy(), seed=9) for value in model.graph.inputs}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("signatures") / "several.tflite"
    write_functions({key: lower_function(model) for key, model in models().items()}).save(path)
    return path


@pytest.mark.parametrize("kernels", ["default", "reference"])
def test_every_signature_computes_what_its_source_does(written: Path, kernels: str) -> None:
    for key, model in models().items():
        fed = inputs_of(model)
        want = onnx_outputs(model, fed)
        with portproof.runtimes.open(written, isolated=False, kernels=kernels, signature=key) as runner:  # type: ignore[arg-type]
            assert [spec.name for spec in runner.inputs] == [value.name for value in model.graph.inputs]
            assert [spec.name for spec in runner.outputs] == [value.name for value in model.graph.outputs]
            for _ in range(2):
                fields = {s.name: fed[s.name].transpose(s.perm or range(fed[s.name].ndim)) for s in runner.inputs}
                got = runner.run(fields)
                for spec in runner.outputs:
                    back = got[spec.name].transpose(np.argsort(spec.perm or range(got[spec.name].ndim)))
                    np.testing.assert_allclose(back, want[spec.name], rtol=1e-4, atol=1e-5, err_msg=key)


def test_signatures_come_first_and_loops_behind_them(written: Path) -> None:
    model = read(written)
    assert [s.signatureKey.decode() for s in model.signatureDefs] == list(models())
    assert [s.subgraphIndex for s in model.signatureDefs] == list(range(5))
    assert [graph.name.decode() for graph in model.subgraphs[:5]] == list(models())
    assert len(model.subgraphs) == 5 + 2 * 2
    assert portproof.runtimes.signatures(written) == tuple(models())


def test_each_signature_has_its_own_layouts(written: Path) -> None:
    assert io_perms(written, "encode").inputs == {"x": (0, 2, 3, 1)}
    assert io_perms(written, "head").inputs == {}
    assert io_perms(written).inputs == io_perms(written, "encode").inputs


def test_equal_weights_of_two_signatures_are_stored_once() -> None:
    alone = write_functions({"a": lower_function(model_of(LINEAR, b=BIG))}).data
    twice = write_functions({key: lower_function(model_of(LINEAR, b=BIG)) for key in ("a", "b")}).data
    assert len(twice) < len(alone) + BIG.nbytes // 2


def test_files_are_converted_by_name_and_weigh_once_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = {key: onnx_io.save(model_of(LINEAR, b=BIG), tmp_path / f"{key}.onnx")[0] for key in ("left", "right")}
    arrays: list[int] = []
    monkeypatch.setattr(
        "portproof.exporter.tflite.conversion.write_functions",
        lambda functions: [arrays.append(_big(f.model)) for f in functions.values()] and write_functions(functions),
    )
    convert(paths, tmp_path / "both.tflite")
    assert arrays[0] == arrays[1]
    assert portproof.runtimes.signatures(tmp_path / "both.tflite") == ("left", "right")


def _big(model: ir.Model) -> int:
    """Where the large constant lies in memory."""
    constants = [v.const_value.numpy() for node in model.graph for v in node.inputs if v and v.const_value is not None]
    return next(array for array in constants if array.nbytes == BIG.nbytes).ctypes.data


def test_what_is_refused_in_any_function_comes_together(tmp_path: Path) -> None:
    text = """
    <ir_version: 10, opset_import: ["" : 23]>
    g (float[5,6,6] x) => (float[5] y) { y = Det(x) }
    """
    paths = {key: onnx_io.save(model_of(text), tmp_path / f"{key}.onnx")[0] for key in ("a", "b")}
    with pytest.raises(PortproofError) as caught:
        convert(paths, tmp_path / "out.tflite")
    assert [m.details["signature"] for m in caught.value.messages] == ["a", "b"]
    assert [m.where.split(":")[0] for m in caught.value.messages] == ["a", "b"]
    assert not (tmp_path / "out.tflite").exists()


@pytest.mark.parametrize("names", [[], ["en code"], ["ok", ""]])
def test_names_that_no_app_can_use(tmp_path: Path, names: list[str]) -> None:
    path = onnx_io.save(model_of(LINEAR, b=BIG), tmp_path / "m.onnx")[0]
    with pytest.raises(PortproofError) as caught:
        convert(dict.fromkeys(names, path), tmp_path / "out.tflite")
    assert caught.value.code == "E-USAGE"


def test_a_file_of_one_signature_is_as_it_was() -> None:
    """One function under the default name: the record of layouts has no level for signatures."""
    data = bytes(write_functions({"serving_default": lower_function(model_of(CONV, w=W))}).data)
    assert b'{"inputs":{"x":[0,2,3,1]},"outputs":{"y":[0,2,3,1]}}' in data
    assert b'"signatures"' not in data

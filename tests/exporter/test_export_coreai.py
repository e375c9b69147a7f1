"""Core AI assets through the whole pipeline: written, run by Apple's runtime, compared, listed, verified, inspected."""

from importlib.util import find_spec
from pathlib import Path

import onnx
import pytest
from tests.exporter.coreai.harness import needs_coreai
from tests.small import TWO_INPUTS, UNWRITABLE, save, tree

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.inspection import inspect
from portproof.exporter.pipeline import export
from portproof.exporter.verification import verify

NET = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2,3] x, int64[2] ids, bool[2,3] mask, float scale) => (float[2,3] y, int64[2] same, float total)
{
  zero = Constant <value_float = 0.0> ()
  kept = Where(mask, x, zero)
  y = Mul(kept, scale)
  one = Constant <value_int = 1> ()
  same = Add(ids, one)
  total = ReduceSum <keepdims = 0> (y)
}
"""


def net(folder: Path) -> str:
    model = onnx.parser.parse_model(NET)
    names = {"x": "x.1", "y": "0/y"}
    for value in (*model.graph.input, *model.graph.output):
        value.name = names.get(value.name, value.name)
    for node in model.graph.node:
        for side in (node.input, node.output):
            side[:] = [names.get(name, name) for name in side]
    onnx.save(model, folder / "net.onnx")
    return str(folder / "net.onnx")


@needs_coreai
def test_an_asset_is_proven_listed_verified_and_inspected(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = export(net(tmp_path), out_dir=out, targets=["coreai"])
    assert result.exit_status == 0, result.failed
    (target,) = result.manifest.targets
    assert (target.target, target.file) == ("coreai", "net.aimodel")
    assert [tensor.name for tensor in target.signature.inputs] == ["x.1", "ids", "mask", "scale"]
    assert [tensor.dtype for tensor in target.signature.outputs] == ["float32", "int64", "float32"]
    assert result.manifest.tools["coreai-core"] == "1.0.0b3"
    assert {file.path for file in result.manifest.files if file.target == "coreai"} == {
        f"net.aimodel/{name}" for name in ("main.hash", "main.mlirb", "metadata.json")
    }
    assert verify([out]).exit_status == 0
    assert verify([out / "net.aimodel"], ref=net(tmp_path)).exit_status == 0
    facts = inspect(out / "net.aimodel")
    assert (facts.format, facts.total > 0, facts.metadata["functions"]) == ("coreai", True, "main")
    (stage,) = [stage for stage in result.report.stages if stage.name == "coreai"]
    assert dict(stage.operators) == dict(facts.operators)


@needs_coreai
def test_two_exports_have_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        export(net(tmp_path), out_dir=tmp_path / name, targets=["coreai"])
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


@needs_coreai
def test_what_cannot_be_written_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(PortproofError) as caught:
        export(save(tmp_path, UNWRITABLE), out_dir=tmp_path / "out", targets=["coreai"])
    assert {message.code for message in caught.value.messages} == {"E-OP-UNSUPPORTED"}


@pytest.mark.skipif(find_spec("coreai") is not None, reason="coreai-core is installed")
def test_without_the_package_the_target_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(PortproofError) as caught:
        export(save(tmp_path, TWO_INPUTS), out_dir=tmp_path / "out", targets=["coreai"])
    (message,) = caught.value.messages
    assert (message.code, message.hint) == ("E-INSTALL", "pip install 'portproof[coreai]'")
    assert not (tmp_path / "out").exists()

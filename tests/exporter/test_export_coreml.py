"""Core ML packages through the whole pipeline: written, run, compared, listed, verified."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from portproof.exporter.inspection import inspect
from portproof.exporter.pipeline import export
from portproof.exporter.verification import verify

NET = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2,3] {name}, int64[2] ids, bool[2,3] mask, float scale) => (float[2,3] {out}, int64[2] same, float total)
{{
  zero = Constant <value_float = 0.0> ()
  kept = Where(mask, {name}, zero)
  {out} = Mul(kept, scale)
  one = Constant <value_int = 1> ()
  same = Add(ids, one)
  total = ReduceSum <keepdims = 0> ({out})
}}
"""


def net(folder: Path, *, name: str = "x", out: str = "y") -> str:
    model = onnx.parser.parse_model(NET.format(name="x", out="y"))
    for value in (*model.graph.input, *model.graph.output, *model.graph.node):
        _rename(value, {"x": name, "y": out})
    path = folder / "net.onnx"
    onnx.save(model, path)
    return str(path)


def _rename(item: onnx.ValueInfoProto | onnx.NodeProto, names: dict[str, str]) -> None:
    if isinstance(item, onnx.ValueInfoProto):
        item.name = names.get(item.name, item.name)
        return
    for side in (item.input, item.output):
        side[:] = [names.get(name, name) for name in side]


def test_names_types_and_scalars_that_core_ml_lacks_are_recorded_and_given_back(tmp_path: Path) -> None:
    result = export(net(tmp_path, name="x.1", out="0/y"), out_dir=tmp_path / "out", targets=["coreml"])
    assert result.exit_status == 0, result.failed
    (target,) = result.manifest.targets
    assert target.target == "coreml"
    assert target.deployment_target == "iOS16"
    by_name = {tensor.name: tensor for tensor in (*target.signature.inputs, *target.signature.outputs)}
    assert list(by_name) == ["x.1", "ids", "mask", "scale", "0/y", "same", "total"]
    assert by_name["ids"].dtype == by_name["mask"].dtype == "int32"
    assert by_name["x.1"].own_name == "x_1"
    assert by_name["scale"].shape == (1,)
    golden = np.load(tmp_path / "out" / "golden" / "000.npz")
    assert golden["outputs/total"].shape == ()


def test_a_package_is_listed_by_its_files_and_verified_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(net(tmp_path), out_dir=out, targets=["coreml"])
    listed = json.loads((out / "manifest.json").read_text())["files"]
    roles = {row["path"]: row["role"] for row in listed if row["target"] == "coreml"}
    assert roles["net.mlpackage/Manifest.json"] == "model"
    assert verify([out / "net.mlpackage"]).exit_status == 0
    facts = inspect(out / "net.mlpackage")
    assert facts.format == "coreml"
    assert "reduce_sum" in facts.operators
    assert "const" not in facts.operators


def test_a_changed_byte_of_a_package_is_found(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(net(tmp_path), out_dir=out, targets=["coreml"])
    path = out / "net.mlpackage" / "Manifest.json"
    path.write_text(path.read_text() + "\n")
    assert [message.code for message in verify([out]).failed] == ["E-GATE-FILES"]


@pytest.mark.parametrize("precision", ["float16", "float32"])
def test_the_precision_asked_for_is_the_packages(tmp_path: Path, precision: str) -> None:
    result = export(net(tmp_path), out_dir=tmp_path / "out", targets=["coreml"], coreml_precision=precision)
    (package,) = result.report.coreml
    assert package.precision == precision
    assert package.deployment_target == "iOS16"
    (parity,) = result.report.parity
    assert parity.outputs[0].tolerance.atol == {"float16": 2e-2, "float32": 1e-4}[precision]

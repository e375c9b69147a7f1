"""Export and verify a model with dynamic sizes: proven at several, and refused beyond its ranges."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests import small

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import export, verify

NET = """
<ir_version: 10, opset_import: ["" : 23]>
net (float[N,3,H,W] image) => (float[N,4,h,w] mask, float[N,4] pooled)
<float[4,3,1,1] w = {0.1,0.2,0.3,-0.4,0.5,-0.6,0.7,-0.8,0.9,1.0,-1.1,1.2}, int64[2] axes = {2, 3}>
{ conv = Conv<strides = [2, 2]>(image, w) mask = Relu(conv) pooled = ReduceMean<keepdims = 0>(mask, axes) }
"""
DECLARED = ["image=N:1..4x3xH:8..64:8xW:8..64:8"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dynamic")
    model = small.save(folder, NET)
    result = export(model, out_dir=folder / "out", inputs=DECLARED)
    assert result.exit_status == 0
    return folder


def read(folder: Path, name: str) -> dict:
    return json.loads((folder / "out" / name).read_text(encoding="utf-8"))


def test_every_size_that_was_proven_is_told(exported):
    sizes = read(exported, "report.json")["data"]["sizes"]
    assert {"N": 1, "H": 8, "W": 8} in sizes
    assert {"N": 4, "H": 64, "W": 64} in sizes
    assert any(8 < at["H"] < 64 and at["H"] % 8 == 0 for at in sizes)


def test_the_manifest_names_the_dimensions(exported):
    manifest = read(exported, "manifest.json")
    assert manifest["dims"] == [
        {"name": "N", "low": 1, "high": 4, "step": 1},
        {"name": "H", "low": 8, "high": 64, "step": 8},
        {"name": "W", "low": 8, "high": 64, "step": 8},
    ]
    assert manifest["source"]["inputs"][0]["dims"] == ["N", None, "H", "W"]
    tflite = next(row for row in manifest["targets"] if row["target"] == "tflite")
    assert tflite["signature"]["inputs"][0]["shape"] == [None, None, None, 3]


def test_both_files_are_dynamic_and_verify_again(exported):
    result = verify([exported / "out"])
    assert result.exit_status == 0
    assert [proof.parity.outputs[0].samples for proof in result.proofs] == [4, 4]


def test_the_users_data_may_have_any_size_of_the_ranges(exported, tmp_path):
    chance = np.random.default_rng(0)
    samples = [{"image": chance.normal(size=(2, 3, h, 16)).astype(np.float32)} for h in (16, 40)]
    data = small.write_data(tmp_path / "data", samples)
    result = verify([exported / "out"], ref=str(exported / "net.onnx"), inputs=DECLARED, data=data)
    assert result.exit_status == 0
    told = [message.what for message in result.messages if message.code == "W-SIZE-UNPROVEN"]
    assert told[1] == "H:8..64:8 is declared, the data has H = 16, 40: nothing else is proven"


def test_data_of_both_ends_leaves_nothing_to_tell(exported, tmp_path):
    chance = np.random.default_rng(0)
    samples = [{"image": chance.normal(size=(n, 3, h, h)).astype(np.float32)} for n, h in ((1, 8), (4, 64))]
    result = export(
        str(exported / "net.onnx"),
        out_dir=tmp_path / "out",
        inputs=DECLARED,
        targets=["onnx"],
        data=small.write_data(tmp_path / "data", samples),
    )
    assert not result.messages
    assert result.report.data.sizes == ({"N": 1, "H": 8, "W": 8}, {"N": 4, "H": 64, "W": 64})


@pytest.mark.parametrize(
    ("shape", "why"), [((5, 3, 8, 8), "N is 5, declared is N:1..4"), ((1, 3, 12, 8), "H is 12, declared is H:8..64:8")]
)
def test_data_beyond_the_ranges_is_refused(exported, tmp_path, shape, why):
    data = small.write_data(tmp_path / "data", [{"image": np.random.default_rng(0).normal(size=shape).astype("f4")}])
    with pytest.raises(PortproofError) as caught:
        verify([exported / "out"], ref=str(exported / "net.onnx"), inputs=DECLARED, data=data)
    assert caught.value.code == "E-DATA-SHAPE"
    assert caught.value.messages[0].why == why


POOLS = NET.replace("strides = [2, 2]", "strides = [2, 2]").replace(
    "pooled = ReduceMean<keepdims = 0>(mask, axes)",
    "less = AveragePool<kernel_shape = [3, 3]>(mask) pooled = ReduceMean<keepdims = 0>(less, axes)",
)


def test_sizes_that_the_model_itself_refuses(tmp_path):
    model = small.save(tmp_path, POOLS)
    result = export(model, out_dir=tmp_path / "out", inputs=["image=Nx3xHxW"], targets=["tflite"])
    assert result.exit_status == 0
    skipped = [message for message in result.messages if message.code == "W-SIZE-REFUSED"]
    assert "N=1, H=1, W=1" in skipped[0].what
    assert all(sizes["H"] > 4 for sizes in result.report.data.sizes)


def test_a_range_that_the_model_does_not_run_at_is_an_error(tmp_path):
    model = small.save(tmp_path, POOLS)
    with pytest.raises(PortproofError, match="does not run at N=1, H=2, W=2") as caught:
        export(model, out_dir=tmp_path / "out", inputs=["image=N:1..4x3xH:2..64xW:2..64"], targets=["tflite"])
    assert caught.value.code == "E-SHAPE-DYNAMIC"
    assert not (tmp_path / "out").exists()

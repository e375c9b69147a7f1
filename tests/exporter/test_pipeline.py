import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from tests.small import TWO_INPUTS, UNWRITABLE, images, save, tree, write_data

from portproof import exporter, runtimes
from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.pipeline import ExportResult
from portproof.exporter.progress import Silent
from portproof.exporter.report import golden
from portproof.exporter.report.schemas import schemas


class Listener(Silent):
    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.notes: list[str] = []

    def message(self, message: Message) -> None:
        self.messages.append(message)

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ExportResult:
    """An export of a small ONNX model, proven on three samples."""
    folder = tmp_path_factory.mktemp("export")
    data = write_data(folder / "data")
    return exporter.export(save(folder), data=data, out_dir=folder / "out", devices=["pixel-8"])


def test_every_file_is_written_and_listed_with_its_sum(result: ExportResult) -> None:
    files = tree(result.out_dir)
    listed = {file.path: file for file in result.manifest.files}
    assert set(files) == {*listed, "manifest.json"}
    vectors = {"golden/000.npz", "golden/001.npz", "golden/002.npz"}
    assert set(files) == vectors | {"manifest.json", "report.json", "net.onnx", "net.tflite"}
    for path, file in listed.items():
        assert file.bytes == len(files[path])
        assert file.sha256 == hashlib.sha256(files[path]).hexdigest()


@pytest.mark.parametrize("name", ["report", "manifest"])
def test_the_documents_follow_their_schemas(result: ExportResult, name: str) -> None:
    document = json.loads((result.out_dir / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator(schemas()[name]).validate(document)
    assert document == getattr(result, name).model_dump(mode="json")


def test_the_report_says_what_was_done(result: ExportResult) -> None:
    report = result.report
    assert (report.passed, result.exit_status, result.failed) == (True, 0, ())
    assert (report.source.model, report.source.format, report.source.reference) == ("net.onnx", "onnx", "onnxruntime")
    assert (report.data.kind, report.data.samples, report.data.seed) == ("given", 3, None)
    assert [stage.name for stage in report.stages] == ["onnx", "simplified", "tflite"]
    assert report.stages[0].operators == {"Conv": 1, "Identity": 1, "ReduceMean": 1, "Relu": 1}
    assert report.stages[0].total == 4
    assert "Identity" not in report.stages[1].operators
    assert report.stages[2].operators["CONV_2D"] == 1
    assert [device.id for device in report.devices] == ["pixel-8"]


def test_every_output_of_every_file_was_compared(result: ExportResult) -> None:
    for parity in result.report.parity:
        assert [output.name for output in parity.outputs] == ["out", "pooled"]
        assert all(output.samples == 3 and output.passed for output in parity.outputs)
        assert all(float(output.max_abs) < 1e-5 and output.tolerance.reason for output in parity.outputs)
    assert [(parity.target, parity.runtime.split()[0]) for parity in result.report.parity] == [
        ("tflite", "LiteRT"),
        ("onnx", "ONNX"),
    ]


def test_the_manifest_tells_how_to_feed_the_files(result: ExportResult) -> None:
    targets = {target.target: target for target in result.manifest.targets}
    (image,) = targets["tflite"].signature.inputs
    with runtimes.open(result.out_dir / "net.tflite") as runner:
        assert runner.inputs[0].shape == image.shape
        assert runner.inputs[0].perm == image.perm
    assert targets["onnx"].signature == result.manifest.source
    assert set(result.manifest.tools) == {
        "python", "ai-edge-litert", "numpy", "onnx", "onnx-ir", "onnxruntime", "onnxsim",
    }  # fmt: skip


def test_golden_vectors_hold_the_data_and_the_reference(result: ExportResult) -> None:
    for number, sample in enumerate(images()):
        inputs, outputs = golden.read(result.out_dir / "golden" / f"{number:03d}.npz")
        np.testing.assert_array_equal(inputs["image"], sample["image"])
        np.testing.assert_allclose(outputs["pooled"], outputs["out"].mean((2, 3)), rtol=1e-5)


def test_nothing_of_this_machine_is_in_it(result: ExportResult) -> None:
    for path, content in tree(result.out_dir).items():
        assert str(result.out_dir.parent).encode() not in content, path
        assert b".tmp" not in content, path


def test_without_data_it_is_random_and_loud(tmp_path: Path) -> None:
    listener = Listener()
    found = exporter.export(save(tmp_path), out_dir=tmp_path / "out", targets=["onnx"], samples=5, progress=listener)
    assert [message.code for message in listener.messages] == ["W-RANDOM-DATA"]
    assert [message.code for message in found.report.messages] == ["W-RANDOM-DATA"]
    assert (found.report.data.kind, found.report.data.samples, found.report.data.seed) == ("random", 5, 0)
    assert listener.notes[0] == "5 samples from random (seed 0)"
    assert [path.name for path in sorted((tmp_path / "out" / "golden").iterdir())] == [f"00{n}.npz" for n in range(4)]


def test_the_seed_decides_the_random_data(tmp_path: Path) -> None:
    model = save(tmp_path)
    trees = []
    for number, seed in enumerate((7, 7, 8)):
        exporter.export(model, out_dir=tmp_path / str(number), targets=["onnx"], seed=seed, samples=1)
        trees.append(tree(tmp_path / str(number)))
    assert trees[0] == trees[1]
    assert trees[0]["golden/000.npz"] != trees[2]["golden/000.npz"]


def test_a_failed_gate_still_writes_everything(tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = exporter.export(
        save(tmp_path), out_dir=out, targets=["onnx"], samples=1, metrics=["sqnr_db>=500", "max_abs<1"]
    )
    assert found.exit_status in (0, 1)
    found = exporter.export(save(tmp_path), out_dir=out, targets=["onnx"], samples=1, metrics=["mean_abs>1"])
    assert (found.exit_status, found.report.passed) == (1, False)
    assert {message.code for message in found.failed} == {"E-GATE-METRIC"}
    assert json.loads((out / "report.json").read_text())["passed"] is False
    assert json.loads((out / "report.json").read_text())["parity"][0]["failed_gates"][0]["code"] == "E-GATE-METRIC"
    assert (out / "net.onnx").exists()


def test_the_users_tolerance_decides(tmp_path: Path) -> None:
    found = exporter.export(save(tmp_path), out_dir=tmp_path / "out", samples=1, rtol=["0.5"], atol=["pooled:0.25"])
    tolerances = [output.tolerance for output in found.report.parity[0].outputs]
    assert [(each.atol, each.rtol, each.reason) for each in tolerances] == [
        (0.0, 0.5, "stated by the user"),
        (0.25, 0.5, "stated by the user"),
    ]


def test_one_target_only(tmp_path: Path) -> None:
    found = exporter.export(save(tmp_path), out_dir=tmp_path / "out", targets=["tflite"], samples=1, io_layout="keep")
    assert not (tmp_path / "out" / "net.onnx").exists()
    assert found.manifest.targets[0].signature.inputs[0].perm is None
    assert found.report.tflite_transpose_bytes is not None


def test_the_default_folder_is_named_after_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path, TWO_INPUTS, "pair.onnx")
    found = exporter.export("pair.onnx", samples=1)
    assert found.out_dir == Path("build/pair")
    assert (tmp_path / "build" / "pair" / "pair.tflite").exists()


def test_an_operator_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with pytest.raises(PortproofError) as caught:
        exporter.export(save(tmp_path, UNWRITABLE), out_dir=out, samples=1)
    assert caught.value.exit_status == 3
    assert [(message.code, "Det" in message.what) for message in caught.value.messages] == [
        ("E-OP-UNSUPPORTED", True)
    ] * 2
    assert not out.parent.exists()


def test_a_folder_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(PortproofError) as caught:
        exporter.export("no-such-model.onnx", out_dir=tmp_path / "out")
    assert caught.value.code == "E-OUTPUT"


def test_a_torch_model_is_its_own_reference(tmp_path: Path) -> None:
    (tmp_path / "two_tensors.py").write_text(
        "import torch\n"
        "class Tiny(torch.nn.Module):\n"
        "    def forward(self, x, k):\n"
        "        return {'sum': x + k, 'flag': x > 0}\n"
        "def build():\n"
        "    same = torch.zeros(2, 3)\n"
        "    return Tiny(), (same, same)\n"
    )
    found = exporter.export(f"{tmp_path / 'two_tensors.py'}:build", out_dir=tmp_path / "out", samples=2)
    assert (found.report.source.format, found.report.source.reference) == ("torch", "torch")
    assert found.report.source.model == "two_tensors.py:build"
    assert [message.code for message in found.messages] == ["W-SHARED-INPUT", "W-RANDOM-DATA"]
    assert found.exit_status == 0
    assert "torch" in found.manifest.tools
    inputs, outputs = golden.read(tmp_path / "out" / "golden" / "000.npz")
    np.testing.assert_array_equal(outputs["sum"], inputs["x"] + inputs["k"])


def test_the_manifest_says_from_which_release_on_the_file_runs(result: ExportResult) -> None:
    releases = {target.target: target.oldest_release for target in result.manifest.targets}
    assert releases["onnx"] is None
    assert releases["tflite"] is not None
    assert releases["tflite"][0] in "12"

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.small import NET, images, save, write_data

from portproof import exporter
from portproof.device_profiles.errors import PortproofError
from portproof.exporter.report import golden


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify")
    exporter.export(save(folder), data=write_data(folder / "data"), out_dir=folder / "out")
    return folder


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    return shutil.copytree(exported, tmp_path / "copy")


def refused(*paths: Path, **options: object) -> PortproofError:
    with pytest.raises(PortproofError) as caught:
        exporter.verify(paths, **options)  # type: ignore[arg-type]
    return caught.value


def test_a_folder_is_compared_with_its_sums_and_its_vectors(exported: Path) -> None:
    result = exporter.verify([exported / "out"])
    assert (result.exit_status, result.failed, result.messages) == (0, (), ())
    assert result.checked_files == 6
    assert sorted(proof.file for proof in result.proofs) == ["net.onnx", "net.tflite"]
    assert all(output.samples == 3 for proof in result.proofs for output in proof.parity.outputs)


def test_a_file_in_an_exported_folder_has_its_vectors(exported: Path) -> None:
    result = exporter.verify([exported / "out" / "net.tflite"])
    assert [proof.parity.outputs[0].samples for proof in result.proofs] == [3]
    assert result.checked_files == 0


def test_a_changed_file_fails_and_is_run_all_the_same(copy: Path) -> None:
    save(copy / "out", NET.replace("0.1,", "0.7,"))
    result = exporter.verify([copy / "out"])
    assert result.exit_status == 1
    codes = [message.code for message in result.failed]
    assert codes[0] == "E-GATE-FILES"
    assert set(codes[1:]) == {"E-GATE-PARITY"}
    assert "net.onnx" in result.failed[0].what


@pytest.mark.parametrize(
    ("name", "why"), [("net.tflite", "missing"), ("golden/001.npz", "missing"), ("report.json", "missing")]
)
def test_a_missing_file_fails(copy: Path, name: str, why: str) -> None:
    (copy / "out" / name).unlink()
    result = exporter.verify([copy / "out"])
    assert [(message.code, why in message.why) for message in result.failed] == [("E-GATE-FILES", True)]


def test_a_damaged_vector_is_not_compared_with(copy: Path) -> None:
    path = copy / "out" / "golden" / "000.npz"
    inputs, outputs = golden.read(path)
    golden.write(path, inputs, {name: array + 1 for name, array in outputs.items()})
    result = exporter.verify([copy / "out"])
    assert [message.code for message in result.failed] == ["E-GATE-FILES"]
    assert "sha256" in result.failed[0].why
    assert result.proofs[0].parity.outputs[0].samples == 2


def test_a_manifest_cannot_name_files_elsewhere(copy: Path) -> None:
    manifest = json.loads((copy / "out" / "manifest.json").read_text())
    manifest["files"][0]["path"] = "../net.onnx"
    (copy / "out" / "manifest.json").write_text(json.dumps(manifest))
    assert "outside" in exporter.verify([copy / "out"]).failed[0].why


def test_a_reference_model_on_the_golden_inputs(exported: Path) -> None:
    result = exporter.verify([exported / "out"], ref=str(exported / "net.onnx"))
    assert (result.exit_status, result.messages) == (0, ())
    assert result.proofs[0].parity.outputs[0].samples == 3


def test_a_reference_model_on_data(exported: Path, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", images(2, seed=5))
    result = exporter.verify([exported / "out" / "net.tflite"], ref=str(exported / "net.onnx"), data=data)
    assert result.proofs[0].parity.outputs[0].samples == 2


def test_another_model_is_told_apart_on_random_inputs(exported: Path, tmp_path: Path) -> None:
    other = save(tmp_path, NET.replace("0.1,", "0.7,"), "other.onnx")
    lone = shutil.copy(exported / "out" / "net.tflite", tmp_path)
    result = exporter.verify([lone], ref=other, samples=2)
    assert [message.code for message in result.messages] == ["W-RANDOM-DATA"]
    assert {message.code for message in result.failed} == {"E-GATE-PARITY"}


def test_gates_and_tolerances_count(exported: Path) -> None:
    assert exporter.verify([exported / "out"], metrics=["max_abs>1"]).exit_status == 1
    other = exporter.verify([exported / "out"], atol=["1e-3"], rtol=["1e-3"])
    assert other.proofs[0].parity.outputs[0].tolerance.reason == "stated by the user"


def test_a_file_with_nothing_to_compare_with(tmp_path: Path) -> None:
    error = refused(Path(save(tmp_path)))
    assert (error.code, error.messages[0].hint) == ("E-USAGE", "name the model it was made from: --ref MODEL")


def test_data_without_a_reference(exported: Path) -> None:
    assert "--data needs --ref" in str(refused(exported / "out", data="somewhere"))


def test_every_path_that_is_wrong_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text('{"schema_version": 99}')
    error = refused(tmp_path / "empty", tmp_path / "bad", tmp_path / "absent.tflite")
    assert [message.code for message in error.messages] == ["E-FILE-MISSING", "E-CONFIG", "E-FILE-MISSING"]


def test_outputs_are_compared_in_the_sources_layout(exported: Path) -> None:
    """The TFLite file gives `out` channels-last; the golden vector has it as the source does."""
    _, outputs = golden.read(exported / "out" / "golden" / "000.npz")
    assert outputs["out"].shape == (1, 4, 6, 8)
    (proof,) = exporter.verify([exported / "out" / "net.tflite"]).proofs
    assert proof.outputs[0].source_shape == (1, 4, 6, 8)
    assert np.isfinite(proof.parity.outputs[0].max_abs)

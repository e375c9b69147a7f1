from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.small import save

from portproof import exporter
from portproof.device_profiles.errors import PortproofError
from portproof.exporter.tflite.metadata.read import read


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(2):
        pixels = np.random.default_rng(number).integers(256, size=(6, 8, 3), dtype="uint8")
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_what_the_data_declare_goes_into_the_file(tmp_path: Path, photos: Path) -> None:
    out = tmp_path / "out"
    found = exporter.export(save(tmp_path), out_dir=out, targets=["tflite"], data=f"{photos}?size=6x8&mean=0.5&std=0.5")
    assert found.manifest.preprocessing is not None
    assert [(image.input, image.mean, image.std) for image in found.manifest.images] == [("image", (127.5,), (127.5,))]
    described = read(out / "net.tflite")
    assert described is not None
    (unit,) = described.table["subgraph_metadata"][0]["input_tensor_metadata"][0]["process_units"]
    assert unit["options"] == ("NormalizationOptions", {"mean": [127.5], "std": [127.5]})


def test_an_image_folder_takes_what_the_option_declares(tmp_path: Path, photos: Path) -> None:
    out = tmp_path / "out"
    options = {"targets": ["onnx"], "images": ["image?mean=0.5&std=0.5"]}
    found = exporter.export(save(tmp_path), out_dir=out, data=str(photos), **options)  # type: ignore[arg-type]
    assert found.report.data is not None
    assert (found.report.data.samples, found.manifest.preprocessing is not None) == (2, True)
    assert -1 <= found.report.data.inputs[0].minimum < -0.9
    checked = exporter.verify([out], ref=save(tmp_path), data=str(photos), images=["image?mean=0.5&std=0.5"])
    assert (checked.exit_status, checked.proofs[0].parity.outputs[0].samples) == (0, 2)
    with pytest.raises(PortproofError, match="--image needs --ref"):
        exporter.verify([out], images=["image"])
    both = f"{photos}?size=6x8&mean=0.5&std=0.5"
    assert exporter.export(save(tmp_path), out_dir=out, data=both, **options).exit_status == 0  # type: ignore[arg-type]


def test_two_declarations_that_differ_are_refused(tmp_path: Path, photos: Path) -> None:
    with pytest.raises(PortproofError, match="declare input 'image' differently") as caught:
        exporter.export(
            save(tmp_path),
            out_dir=tmp_path / "out",
            targets=["onnx"],
            data=f"{photos}?size=6x8",
            images=["image?std=2"],
        )
    assert caught.value.code == "E-USAGE"


def test_all_that_is_wrong_with_declarations_comes_together(tmp_path: Path) -> None:
    (tmp_path / "three.txt").write_text("a\nb\nc\n")
    with pytest.raises(PortproofError) as caught:
        exporter.export(
            save(tmp_path),
            out_dir=tmp_path / "out",
            images=["imgae"],
            labels=[f"pooled={tmp_path / 'three.txt'}"],
            score_thresholds=["poold=0.5"],
        )
    assert [message.code for message in caught.value.messages] == ["E-USAGE", "E-LABELS", "E-USAGE"]


def test_a_label_file_must_not_take_the_place_of_a_document(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("a\nb\nc\nd\n")
    with pytest.raises(PortproofError, match=r"--labels: a file named report.json is part of the result"):
        exporter.export(
            save(tmp_path), out_dir=tmp_path / "out", samples=1, labels=[f"pooled={tmp_path / 'report.json'}"]
        )
    assert not (tmp_path / "out").exists()

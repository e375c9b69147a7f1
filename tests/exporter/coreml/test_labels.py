"""Outputs with labels: a classifier, a map with names and colours, or a record."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import model_of, onnx_outputs

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreml.conversion import Written, write_model
from portproof.exporter.coreml.labels import RECORD
from portproof.exporter.labels import LabelFile, OutputLabels
from portproof.runtimes.coreml import predict
from portproof.runtimes.coreml.parse import read

X = np.array([[0.5, 2.0, -1.0, 2.5]], np.float32)


def model(body: str = "y = Sigmoid(x)", given: str = "float[1,4] x", made: str = "float[1,4] y") -> ir.Model:
    return model_of(f'<ir_version: 10, opset_import: ["" : 23]> g ({given}) => ({made}) {{ {body} }}')


def labels(*names: str, output: str = "y", axis: int | None = 1) -> OutputLabels:
    file = LabelFile(text="labels.txt", output=output, file="labels.txt", names=names)
    return OutputLabels(signature="serving_default", output=output, axis=axis, labels=file)


def write(source: ir.Model, path: Path, *given: OutputLabels, **options: Any) -> Written:
    return write_model(source, path / "m.mlpackage", labels=given, **options)


@pytest.mark.parametrize("float16", [False, True])
@pytest.mark.parametrize("target", ["iOS15", "iOS18"])
def test_a_row_of_scores_makes_a_classifier(float16: bool, target: str, tmp_path: Path) -> None:
    written = write(model(), tmp_path, labels("cat", "dog", "Käfer", "ant"), float16=float16, target=target)
    assert written.messages == ()
    want = onnx_outputs(model(), {"x": X}, oracle="ort")["y"]
    got = predict(written.path, {"x": X})
    assert list(got) == ["y", "classLabel", "classLabel_probs"]
    np.testing.assert_allclose(got["y"], want, atol=1e-3 if float16 else 1e-6)
    assert got["classLabel"] == "ant"
    assert list(got["classLabel_probs"]) == ["cat", "dog", "Käfer", "ant"]
    np.testing.assert_array_equal(np.float32(list(got["classLabel_probs"].values())), got["y"][0])


def test_the_description_names_the_classifier(tmp_path: Path) -> None:
    package = read(write(model(), tmp_path, labels(*"abcd")).path)
    interface = package.interfaces["main"]
    assert (interface.predicted_feature, interface.predicted_probabilities) == ("classLabel", "classLabel_probs")
    assert [feature.kind for feature in interface.outputs] == ["multiarray", "string", "dictionary"]
    assert interface.outputs[0].shape == (1, 4)
    assert json.loads(package.metadata[RECORD]) == {"y": {"axis": 1, "labels": ["a", "b", "c", "d"]}}


def test_other_outputs_keep_their_places(tmp_path: Path) -> None:
    source = model("a = Relu(x) y = Sigmoid(x) z = Neg(x)", made="float[1,4] a, float[1,4] y, float[1,4] z")
    got = predict(write(source, tmp_path, labels(*"abcd")).path, {"x": X})
    assert list(got) == ["a", "y", "z", "classLabel", "classLabel_probs"]
    np.testing.assert_allclose(got["z"], -X)


def test_scores_of_float16_stay_so(tmp_path: Path) -> None:
    source = model(given="float16[1,4] x", made="float16[1,4] y")
    got = predict(write(source, tmp_path, labels(*"abcd")).path, {"x": X.astype(np.float16)})
    assert (got["y"].dtype, got["classLabel"]) == (np.float16, "d")


def test_names_that_the_model_has_are_left_to_it(tmp_path: Path) -> None:
    source = model("y = Sigmoid(x) classLabel = Relu(x)", made="float[1,4] y, float[1,4] classLabel")
    got = predict(write(source, tmp_path, labels(*"abcd")).path, {"x": X})
    np.testing.assert_array_equal(got["classLabel"], np.maximum(X, 0))
    (own,) = {*got} - {"y", "classLabel"} - {name for name in got if name.endswith("_probs")}
    assert (list(got), got[own]) == (["y", "classLabel", own, f"{own}_probs"], "d")


def test_labels_that_are_alike_are_told_apart(tmp_path: Path) -> None:
    written = write(model(), tmp_path, labels("crane", "crane", "ox", "crane (1)"))
    got = predict(written.path, {"x": X})
    assert list(got["classLabel_probs"]) == ["crane", "crane (1) (1)", "ox", "crane (1)"]
    (message,) = written.messages
    assert (message.code, "'crane' more than once" in message.what) == ("W-METADATA", True)


def test_scores_that_are_no_probabilities_are_told_of(tmp_path: Path) -> None:
    (message,) = write(model("y = Relu(x)"), tmp_path / "a", labels(*"abcd")).messages
    assert "no result of Softmax" in message.what
    moved = model("z = Sigmoid(x) y = Flatten<axis=0>(z)")
    written = write(moved, tmp_path / "b", labels(*"abcd"))
    assert written.messages == ()
    assert read(written.path).interfaces["main"].predicted_feature == "classLabel"


def test_a_map_of_classes_gets_names_and_colours(tmp_path: Path) -> None:
    source = model("y = Sigmoid(x)", "float[1,2,3,5] x", "float[1,2,3,5] y")
    written = write(source, tmp_path, labels("sky", "sea"))
    metadata = read(written.path).metadata
    assert metadata["com.apple.coreml.model.preview.type"] == "imageSegmenter"
    params = json.loads(metadata["com.apple.coreml.model.preview.params"])
    assert params == {"labels": ["sky", "sea"], "colors": ["#000000", "#800000"]}
    assert written.messages == ()
    assert list(predict(written.path, {"x": np.zeros((1, 2, 3, 5), np.float32)})) == ["y"]


def test_what_core_ml_cannot_say_is_told_and_recorded(tmp_path: Path) -> None:
    source = model(
        "y = Sigmoid(x) b = Sigmoid(n) c = Sigmoid(n)",
        "float[1,4] x, float[2,4] n",
        "float[1,4] y, float[2,4] b, float[2,4] c",
    )
    written = write(source, tmp_path, labels(*"abcd"), labels(*"efgh", output="b"))
    (message,) = written.messages
    assert (message.code, message.why.split(",")[0]) == ("W-METADATA", "a classifier needs one score for each class")
    assert set(json.loads(read(written.path).metadata[RECORD])) == {"y", "b"}


def test_one_classifier_a_package(tmp_path: Path) -> None:
    source = model("a = Sigmoid(x) y = Sigmoid(x)", made="float[1,4] a, float[1,4] y")
    (message,) = write(source, tmp_path, labels(*"abcd"), labels(*"abcd", output="a")).messages
    assert message.why == "a package is a classifier of one output, which is 'y'"


def test_labels_of_no_output(tmp_path: Path) -> None:
    with pytest.raises(PortproofError) as caught:
        write(model(), tmp_path, labels(*"abcd", output="z"))
    assert caught.value.code == "E-LABELS"

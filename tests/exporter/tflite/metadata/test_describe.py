"""From what was declared to a file that LiteRT runs and that says it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.exporter.tflite.harness import model_of, onnx_outputs
from tests.exporter.tflite.ops.samples import normal

import portproof.runtimes
from portproof.device_profiles.errors import PortproofError
from portproof.exporter import images, labels
from portproof.exporter.inspection.onnx_file import inputs_of, outputs_of
from portproof.exporter.tflite.conversion import Converted, lower_function, write_functions
from portproof.exporter.tflite.metadata import archive as archive_module
from portproof.exporter.tflite.metadata.describe import Declared
from portproof.exporter.tflite.metadata.read import read
from portproof.exporter.tflite.writer import packing
from portproof.runtimes.tflite_schema import read as read_model

TEXT = """
<ir_version: 10, opset_import: ["" : 23]>
g (float[1,3,6,8] photo, float[1,5] prior) => (float[1,5] prob, int64[1] best)
{ h = Conv<pads=[1,1,1,1]>(photo, w) r = Relu(h) p = GlobalAveragePool(r) f = Flatten(p) s = Add(f, prior)
  prob = Softmax(s) best = ArgMax<axis = 1, keepdims = 0>(prob) }
"""
MODEL = model_of(TEXT, w=normal(5, 3, 3, 3, seed=1))
NAMES = ("cat", "dog", "bird", "dog", "año")
IMAGENET = "photo?mean=0.485,0.456,0.406&std=0.229,0.224,0.225"


def converted(
    folder: Path, image: str = IMAGENET, *, io_layout: str = "auto", keys: tuple[str, ...] = ("serving_default",)
) -> Converted:
    (folder / "labels.txt").write_text("\n".join(NAMES), encoding="utf-8")
    first = "" if len(keys) == 1 else f"{keys[-1]}:"
    outputs = dict.fromkeys(keys, outputs_of(MODEL))
    texts = [f"{first}prob={folder / 'labels.txt'}", f"{first}best={folder / 'labels.txt'}"]
    declared = Declared(
        name="net",
        images=images.resolve([images.parse(first + image)], dict.fromkeys(keys, inputs_of(MODEL))),
        labels=labels.resolve([labels.read(text) for text in texts], outputs),
        thresholds=labels.resolve_thresholds([labels.parse_threshold(f"{first}prob=0.25")], outputs),
    )
    return write_functions({key: lower_function(MODEL, io_layout=io_layout) for key in keys}, declared)


def table(made: Converted, folder: Path) -> dict[str, Any]:
    made.save(folder / "m.tflite")
    found = read(folder / "m.tflite")
    assert found is not None
    return dict(found.table)


def test_pictures_are_normalised_in_units_of_pixels(tmp_path: Path) -> None:
    photo, prior = table(converted(tmp_path), tmp_path)["subgraph_metadata"][0]["input_tensor_metadata"]
    ((name, options),) = [unit["options"] for unit in photo["process_units"]]
    assert name == "NormalizationOptions"
    np.testing.assert_allclose(options["mean"], [123.675, 116.28, 103.53], rtol=1e-6)
    np.testing.assert_allclose(options["std"], [58.395, 57.12, 57.375], rtol=1e-6)
    np.testing.assert_allclose(photo["stats"]["min"], [-2.1179039, -2.0357143, -1.8044444], rtol=1e-6)
    np.testing.assert_allclose(photo["stats"]["max"], [2.2489083, 2.4285714, 2.64], rtol=1e-6)
    expected = ("ImageProperties", {"color_space": 1, "default_size": {"width": 8, "height": 6}})
    assert photo["content"]["content_properties"] == expected
    assert photo["dimension_names"] == ["batch", "height", "width", "channels"]
    assert prior == {"name": "prior", "content": {"content_properties": ("FeatureProperties", {})}}


def test_labels_travel_with_the_file(tmp_path: Path) -> None:
    prob, best = table(converted(tmp_path), tmp_path)["subgraph_metadata"][0]["output_tensor_metadata"]
    assert [file["type"] for file in (*prob["associated_files"], *best["associated_files"])] == [2, 3]
    assert prob["process_units"] == [{"options": ("ScoreThresholdingOptions", {"global_score_threshold": 0.25})}]
    found = read(tmp_path / "m.tflite")
    assert found is not None
    assert found.files == {"labels.txt": "cat\ndog\nbird\ndog\naño\n".encode()}


def test_the_runtime_takes_the_file(tmp_path: Path) -> None:
    converted(tmp_path).save(tmp_path / "m.tflite")
    fed = {"photo": normal(1, 3, 6, 8, seed=2), "prior": normal(1, 5, seed=3)}
    want = onnx_outputs(MODEL, fed)
    for kernels in ("default", "reference"):
        with portproof.runtimes.open(tmp_path / "m.tflite", kernels=kernels) as runner:  # type: ignore[arg-type]
            got = runner.run({**fed, "photo": fed["photo"].transpose(0, 2, 3, 1)})
        np.testing.assert_allclose(got["prob"], want["prob"], rtol=1e-4)
        np.testing.assert_array_equal(got["best"], want["best"])


def test_metadata_is_of_the_graph_that_it_is_about(tmp_path: Path) -> None:
    graphs = table(converted(tmp_path, keys=("plain", "told")), tmp_path)["subgraph_metadata"]
    model = read_model(tmp_path / "m.tflite")
    assert [graph["name"] for graph in graphs] == ["plain", "told"]
    for graph, tables in zip(graphs, model.subgraphs, strict=True):
        for side, tensors in (("input", tables.inputs), ("output", tables.outputs)):
            names = [tables.tensors[index].name.decode() for index in tensors]
            assert [entry["name"] for entry in graph[f"{side}_tensor_metadata"]] == names
    assert "process_units" not in graphs[0]["input_tensor_metadata"][0]
    assert "process_units" in graphs[1]["input_tensor_metadata"][0]


@pytest.mark.parametrize(
    ("image", "io_layout", "what"),
    [
        (IMAGENET, "auto", []),
        (IMAGENET, "keep", ["input 'photo' is a picture with its channels first in the file"]),
        ("photo?channels=bgr", "auto", ["TFLite Metadata has no word for the channel order of input 'photo'"]),
    ],
)
def test_what_the_format_cannot_say_is_told(tmp_path: Path, image: str, io_layout: str, what: list[str]) -> None:
    made = converted(tmp_path, image, io_layout=io_layout)
    assert [(message.code, message.what) for message in made.messages] == [("W-METADATA", text) for text in what]
    photo = table(made, tmp_path)["subgraph_metadata"][0]["input_tensor_metadata"][0]
    last = ["height", "width", "channels"]
    assert photo["dimension_names"][1:] == (last if io_layout == "auto" else ["channels", "height", "width"])
    # An unknown colour space is the default of its field, which flatbuffers leave out.
    assert photo["content"]["content_properties"][1].get("color_space", 0) == (0 if "bgr" in image else 1)
    assert ("blue, green, red" in photo["description"]) == ("bgr" in image)


def test_the_same_declaration_gives_the_same_bytes(tmp_path: Path) -> None:
    assert bytes(converted(tmp_path).data) == bytes(converted(tmp_path).data)


def test_nothing_declared_changes_nothing() -> None:
    plain = write_functions({"serving_default": lower_function(MODEL)})
    assert bytes(write_functions({"serving_default": lower_function(MODEL)}, Declared(name="n")).data) == plain.data
    assert b"TFLITE_METADATA" not in bytes(plain.data)


def test_labels_behind_weights_that_lie_behind_the_flatbuffer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The three parts of a file with large weights: two functions share them, and the labels come last."""
    text = """
    <ir_version: 10, opset_import: ["" : 23]>
    g (float[1,200] x) => (float[1,200] y) { p = MatMul(x, w) y = Relu(p) }
    """
    weights = normal(200, 200, seed=4)
    assert weights.nbytes > packing.FEWEST_OUTSIDE_BYTES
    monkeypatch.setattr(packing.pack, "__kwdefaults__", {"most_inline_bytes": 1000})
    models = {key: model_of(text.replace("Relu", op), w=weights) for key, op in (("a", "Relu"), ("b", "Neg"))}
    (tmp_path / "labels.txt").write_text("".join(f"class {number}\n" for number in range(200)))
    files = labels.resolve(
        [labels.read(f"b:y={tmp_path / 'labels.txt'}")], {k: outputs_of(m) for k, m in models.items()}
    )
    functions = {key: lower_function(model) for key, model in models.items()}
    path = tmp_path / "m.tflite"
    write_functions(functions, Declared(name="m", labels=files)).save(path)
    assert sum(buffer.offset > 1 for buffer in read_model(path).buffers) == 1
    found = read(path)
    assert found is not None
    assert len(found.files["labels.txt"].splitlines()) == 200
    x = normal(1, 200, seed=5)
    for key, model in models.items():
        with portproof.runtimes.open(path, signature=key) as runner:
            np.testing.assert_allclose(
                runner.run({"x": x})["y"], onnx_outputs(model, {"x": x})["y"], rtol=1e-4, atol=1e-4
            )


def test_labels_of_a_file_beyond_2_gib_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MOST_BYTES", 1000)
    with pytest.raises(PortproofError, match="cannot be put into a TFLite file"):
        converted(tmp_path)

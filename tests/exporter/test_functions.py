"""Several functions through the whole pipeline: one TFLite file, an ONNX file each, every one proven and verified."""

import json
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from tests.small import NET, TWO_INPUTS, UNWRITABLE, images, save, tree, write_data

from portproof import exporter, runtimes
from portproof.device_profiles.errors import PortproofError
from portproof.exporter.inspection import inspect
from portproof.exporter.pipeline import ExportResult
from portproof.exporter.report import golden
from portproof.exporter.report.schemas import schemas


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ExportResult:
    folder = tmp_path_factory.mktemp("functions")
    data = write_data(folder / "data")
    labels = folder / "labels.txt"
    labels.write_text("a\nb\nc\nd\n")
    return exporter.export(
        {"look": save(folder), "add": save(folder, TWO_INPUTS, "pair.onnx")},
        out_dir=folder / "out",
        data=[f"look={data}"],
        images=["image?mean=0.5&std=0.25"],
        labels=[f"look:pooled={labels}"],
        score_thresholds=["pooled=0.5"],
        atol=["add:1e-6", "look:pooled:1e-5", "out:2e-5"],
        metrics=["look:sqnr_db>=60"],
        samples=2,
    )


def test_one_tflite_file_and_an_onnx_file_each(result: ExportResult) -> None:
    assert set(tree(result.out_dir)) == {
        "golden/add/000.npz", "golden/add/001.npz",
        "golden/look/000.npz", "golden/look/001.npz", "golden/look/002.npz",
        "look_add.add.onnx", "look_add.look.onnx", "look_add.tflite",
        "labels.txt", "manifest.json", "report.json",
    }  # fmt: skip
    assert runtimes.signatures(result.out_dir / "look_add.tflite") == ("look", "add")


def test_every_function_of_every_file_was_compared(result: ExportResult) -> None:
    assert result.exit_status == 0
    assert [(p.target, p.file, p.signature_key, len(p.outputs)) for p in result.report.parity] == [
        ("tflite", "look_add.tflite", "look", 2),
        ("tflite", "look_add.tflite", "add", 1),
        ("onnx", "look_add.look.onnx", "look", 2),
        ("onnx", "look_add.add.onnx", "add", 1),
    ]
    assert [[o.samples for o in p.outputs] for p in result.report.parity] == [[3, 3], [2], [3, 3], [2]]
    allowed = {o.name: o.tolerance.atol for p in result.report.parity for o in p.outputs}
    assert allowed == {"out": 2e-5, "pooled": 1e-5, "sum": 1e-6}


@pytest.mark.parametrize("name", ["report", "manifest"])
def test_the_documents_follow_their_schemas(result: ExportResult, name: str) -> None:
    document = json.loads((result.out_dir / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator(schemas()[name]).validate(document)


def test_the_report_has_a_part_for_each_function(result: ExportResult) -> None:
    report = result.report
    assert (report.source, report.data, report.stages) == (None, None, ())
    look, add = report.functions
    assert (look.signature_key, look.source.model, look.data.kind, look.data.samples) == (
        "look",
        "net.onnx",
        "given",
        3,
    )
    assert (add.signature_key, add.source.model, add.data.kind, add.data.samples) == ("add", "pair.onnx", "random", 2)
    assert look.stages[2].operators["CONV_2D"] == 1
    assert add.stages[2].operators == {"ADD": 1}
    assert [(message.code, message.where) for message in report.messages] == [("W-RANDOM-DATA", "add")]


def test_the_manifest_tells_how_to_call_each(result: ExportResult) -> None:
    manifest = result.manifest
    assert manifest.source is None
    assert [f.signature_key for f in manifest.functions] == ["look", "add"]
    assert manifest.functions[1].golden == ("golden/add/000.npz", "golden/add/001.npz")
    assert [tensor.name for tensor in manifest.functions[1].source.inputs] == ["left", "right"]
    image = manifest.targets[0].signature.inputs[0]
    assert (image.name, image.shape, image.perm) == ("image", (1, 6, 8, 3), (0, 2, 3, 1))
    assert [tensor.name for tensor in manifest.targets[1].signature.inputs] == ["left", "right"]


def test_the_manifest_says_what_was_declared(result: ExportResult) -> None:
    (image,) = result.manifest.images
    assert (image.signature_key, image.input, image.size) == ("look", "image", (6, 8))
    assert image.mean == pytest.approx((127.5,))
    assert image.std == pytest.approx((63.75,))
    (labels,) = result.manifest.labels
    assert (labels.output, labels.axis, labels.count, labels.file) == ("pooled", 1, 4, "labels.txt")
    assert [(each.output, each.value) for each in result.manifest.score_thresholds] == [("pooled", 0.5)]
    listed = {file.path: file.role for file in result.manifest.files}
    assert listed["labels.txt"] == "labels"


def test_golden_vectors_are_the_functions_own(result: ExportResult) -> None:
    inputs, outputs = golden.read(result.out_dir / "golden" / "add" / "001.npz")
    np.testing.assert_allclose(outputs["sum"], inputs["left"] + inputs["right"])
    inputs, _ = golden.read(result.out_dir / "golden" / "look" / "002.npz")
    np.testing.assert_array_equal(inputs["image"], images()[2]["image"])


def test_what_was_exported_is_verified(result: ExportResult) -> None:
    found = exporter.verify([result.out_dir])
    assert (found.exit_status, len(found.proofs), found.checked_files) == (0, 4, 10)
    assert [proof.signature_key for proof in found.proofs] == ["look", "look", "add", "add"]
    alone = exporter.verify([result.out_dir / "look_add.tflite"], metrics=["add:max_abs<=1e-5"])
    assert [proof.signature_key for proof in alone.proofs] == ["look", "add"]


def test_a_function_that_differs_is_found(result: ExportResult, tmp_path: Path) -> None:
    wrong = save(tmp_path, TWO_INPUTS.replace("Add(", "Sub("), "wrong.onnx")
    net = save(tmp_path)
    copy = tmp_path / "copy.tflite"
    copy.write_bytes((result.out_dir / "look_add.tflite").read_bytes())
    found = exporter.verify([copy], ref={"look": net, "add": wrong}, samples=1)  # type: ignore[arg-type]
    assert found.exit_status == 1
    assert {message.where for message in found.failed} == {"copy.tflite add"}
    with pytest.raises(PortproofError, match="--ref does not offer 'add'"):
        exporter.verify([copy], ref=[f"look={net}"], samples=1)
    with pytest.raises(PortproofError, match="--ref does not offer 'look'"):
        exporter.verify([copy], ref=net, samples=1)


def test_inspect_shows_every_function(result: ExportResult) -> None:
    facts = inspect(result.out_dir / "look_add.tflite")
    assert {key: [spec.name for spec in ends.inputs] for key, ends in facts.signatures.items()} == {
        "look": ["image"],
        "add": ["left", "right"],
    }
    assert facts.signatures["look"].inputs[0].perm == (0, 2, 3, 1)
    assert facts.described is not None
    assert [graph["name"] for graph in facts.described["subgraph_metadata"]] == ["look", "add"]
    assert facts.files == {"labels.txt": 8}


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"model": ["net.onnx", "add=pair.onnx"]}, "net.onnx has no name beside other models"),
        ({"model": ["a=net.onnx", "a=pair.onnx"]}, "two models are named 'a'"),
        ({"model": ["a-b=net.onnx"]}, "a function cannot be named 'a-b'"),
        ({"model": []}, "there is no model"),
        ({"data": "x.npz"}, "--data x.npz: the model offers several functions"),
        ({"data": ["look=a", "look=b"]}, "--data look=b: there is a already"),
        ({"inputs": ["left=2x4"]}, "--input left: the model offers several functions"),
        ({"inputs": ["add:lfet=2x4"]}, "the model has no input 'lfet'"),
        ({"atol": ["summ:1e-4"]}, "--atol summ:1e-4: there is no output 'summ'"),
        ({"metrics": ["add:out:top1>=1"]}, "--metric add:out:top1>=1: there is no output 'add:out'"),
        ({"images": ["left"]}, "--image left cannot be used"),
    ],
)
def test_what_is_not_clear_is_refused(tmp_path: Path, options: dict[str, object], what: str) -> None:
    model = {"look": save(tmp_path), "add": save(tmp_path, TWO_INPUTS, "pair.onnx")}
    with pytest.raises(PortproofError) as caught:
        exporter.export(**{"model": model, "out_dir": tmp_path / "out", "samples": 1, **options})  # type: ignore[arg-type]
    assert caught.value.code == "E-USAGE"
    assert caught.value.messages[0].what == what
    assert not (tmp_path / "out").exists()


def test_refusals_of_all_functions_come_together(tmp_path: Path) -> None:
    bad = save(tmp_path, UNWRITABLE, "bad.onnx")
    with pytest.raises(PortproofError) as caught:
        exporter.export({"a": bad, "b": bad}, out_dir=tmp_path / "out", samples=1)
    assert [message.where.split(":")[0] for message in caught.value.messages] == ["a", "a", "b", "b"]


def test_a_factory_may_offer_several(tmp_path: Path) -> None:
    """One module behind two wrappers: its weights are stored once."""
    (tmp_path / "seq2seq_functions.py").write_text(
        "import torch\n"
        "class Tied(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.table = torch.nn.Embedding(500, 64)\n"
        "    def encode(self, ids):\n"
        "        return self.table(ids).mean(1)\n"
        "    def decode(self, h):\n"
        "        return h @ self.table.weight.T\n"
        "class Call(torch.nn.Module):\n"
        "    def __init__(self, model, name):\n"
        "        super().__init__()\n"
        "        self.model, self.call = model, name\n"
        "    def forward(self, x):\n"
        "        return getattr(self.model, self.call)(x)\n"
        "def build():\n"
        "    model = Tied()\n"
        "    return {'encode': (Call(model, 'encode'), (torch.arange(6).reshape(2, 3),)),\n"
        "            'decode': (Call(model, 'decode'), (torch.randn(2, 64),))}\n"
    )
    model = f"{tmp_path / 'seq2seq_functions.py'}:build"
    found = exporter.export(model, out_dir=tmp_path / "out", targets=["tflite"], samples=1)
    path = tmp_path / "out" / "seq2seq_functions.tflite"
    assert found.exit_status == 0
    assert runtimes.signatures(path) == ("encode", "decode")
    assert [function.source.reference for function in found.report.functions] == ["torch", "torch"]
    assert path.stat().st_size < 1.2 * 500 * 64 * 4


def test_a_name_may_be_given_to_one_function(tmp_path: Path) -> None:
    found = exporter.export([f"look={save(tmp_path, NET)}"], out_dir=tmp_path / "out", targets=["tflite"], samples=1)
    assert (found.report.name, runtimes.signatures(tmp_path / "out" / "look.tflite")) == ("look", ("look",))
    assert found.report.source is not None
    assert exporter.verify([tmp_path / "out"]).exit_status == 0


def test_a_size_may_stay_dynamic_in_one_of_them(tmp_path: Path) -> None:
    model = {"look": save(tmp_path), "add": save(tmp_path, TWO_INPUTS.replace("2,4", "N,4"), "pair.onnx")}
    inputs = ["add:left=N:1..8x4", "add:right=Nx4"]
    found = exporter.export(model, out_dir=tmp_path / "out", targets=["tflite"], inputs=inputs, samples=1)
    assert found.exit_status == 0
    assert [dim.name for dim in found.manifest.functions[1].dims] == ["N"]
    with runtimes.open(tmp_path / "out" / "look_add.tflite", signature="add") as runner:
        for rows in (1, 5):
            ones = np.ones((rows, 4), np.float32)
            np.testing.assert_array_equal(runner.run({"left": ones, "right": ones})["sum"], ones * 2)

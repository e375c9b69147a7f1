"""Samples of inputs that are pictures."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from portproof.exporter.picture_data import of_pixels
from portproof.exporter.pipeline import export
from portproof.runtimes.data import Dataset
from portproof.runtimes.images import parse_preprocessing
from portproof.runtimes.spec import TensorSpec

SPEC = TensorSpec(name="x", shape=(1, 3, 2, 2), dtype="float32")
NET = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,3,4,4] x) => (float[1,3] y) {
  two = Constant <value_float = 2.0> ()
  m = GlobalAveragePool(x)
  s = Mul(m, two)
  shape = Constant <value_ints = [1, 3]> ()
  r = Reshape(s, shape)
  y = Softmax(r)
}
"""


def dataset(x: np.ndarray) -> Dataset:
    def read() -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        yield "0", {"x": x}

    return Dataset(source="s", kind="function", inputs=(SPEC,), stats=(), count=1, read=read)


PICTURE = parse_preprocessing(
    {"size": "2", "mean": "0.5,0.4,0.3", "std": "0.2,0.2,0.25", "input": "x"}, where="the test"
)


def test_what_pixels_make_stays_as_it_is() -> None:
    pixels = np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2) * 20
    x = (pixels / 255 - np.array([0.5, 0.4, 0.3]).reshape(1, 3, 1, 1)) / np.array([0.2, 0.2, 0.25]).reshape(1, 3, 1, 1)
    given = dataset(x.astype(np.float32))
    found, messages = of_pixels(given, [PICTURE])
    assert found is given
    assert not messages


def test_other_numbers_become_those_of_the_nearest_pixels_and_it_is_told() -> None:
    given = dataset(np.full((1, 3, 2, 2), 7.0, np.float32))
    found, (message,) = of_pixels(given, [PICTURE])
    assert message.code == "W-IMAGE-PIXELS"
    (sample,) = found
    assert sample["x"][0, 0, 0, 0] == pytest.approx(0.5 / 0.2)
    assert not of_pixels(found, [PICTURE])[1]


def test_without_pictures_nothing_is_read() -> None:
    given = dataset(np.zeros((1, 3, 2, 2), np.float32))
    assert of_pixels(given, []) == (given, [])


def test_a_package_takes_the_picture_and_agrees_with_the_source(tmp_path: Path) -> None:
    from portproof.exporter.inspection import inspect

    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(NET), path)
    (tmp_path / "labels.txt").write_text("cat\ndog\nfish\n")
    result = export(
        str(path),
        out_dir=tmp_path / "out",
        targets=["coreml"],
        images=["x?mean=0.5,0.4,0.3&std=0.2,0.2,0.25"],
        labels=[str(tmp_path / "labels.txt")],
        coreml_weights="int8",
    )
    assert result.exit_status == 0, result.failed
    assert "W-IMAGE-PIXELS" in [message.code for message in result.messages]
    facts = inspect(tmp_path / "out" / "net.mlpackage")
    assert facts.inputs[0].dtype == "uint8"
    assert "classify" in facts.operators
    (target,) = result.manifest.targets
    assert target.signature.inputs[0].dtype == "uint8"

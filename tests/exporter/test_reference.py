import tempfile
from pathlib import Path

import numpy as np
import pytest
from tests.small import TWO_INPUTS, save

from portproof.exporter.progress import Silent
from portproof.exporter.recorded import Recorded
from portproof.exporter.reference import record, reference
from portproof.exporter.source import Source, load

SAMPLES = [{"left": np.full((2, 4), n, np.float32), "right": np.ones((2, 4), np.float32)} for n in range(3)]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return load(save(tmp_path, TWO_INPUTS, "pair.onnx"))


def test_an_onnx_source_runs_in_onnx_runtime(source: Source) -> None:
    with reference(source) as function:
        np.testing.assert_array_equal(function(SAMPLES[2])["sum"], np.full((2, 4), 3))


def test_it_leaves_nothing_on_the_disk(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with reference(source):
        assert len(list(tmp_path.glob("portproof-*/pair.onnx"))) == 1
    assert list(tmp_path.glob("portproof-reference-*")) == []


def test_a_source_with_a_reference_of_its_own_uses_that(source: Source) -> None:
    own = Source(name="own", model=source.model, reference=lambda inputs: {"sum": inputs["left"] * 0})
    with reference(own) as function:
        assert not function(SAMPLES[2])["sum"].any()


def test_every_sample_is_recorded_with_its_outputs(source: Source) -> None:
    with Recorded() as recorded:
        record(source, iter(SAMPLES), 3, recorded, Silent())
        assert [int(outputs["sum"][0, 0]) for outputs in recorded] == [1, 2, 3]
        assert [int(inputs["left"][0, 0]) for inputs in recorded.inputs()] == [0, 1, 2]


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda inputs: inputs["left"] * 0 + 1, "is the same for all 3 inputs"),
        (lambda inputs: inputs["left"] * 0, "is all zeros"),
        (lambda inputs: inputs["left"] / 0, "holds 24 NaN or infinite elements"),
        (lambda inputs: inputs["left"][:, :0], ""),
        (lambda inputs: np.array(["a", "b"]), ""),
        (lambda inputs: inputs["left"], ""),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_an_output_that_says_little_is_told(source: Source, function, told: str) -> None:
    own = Source(name="own", model=source.model, reference=lambda inputs: {"sum": function(inputs)})
    with Recorded() as recorded:
        messages = record(own, SAMPLES, 3, recorded, Silent())
    assert [message.code for message in messages] == ["W-REFERENCE"] * bool(told)
    assert not told or told in messages[0].what

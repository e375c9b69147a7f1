"""Advice on packages."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.exporter.tflite.harness import model_of

from portproof import device_profiles
from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreml.conversion import Written, write_model
from portproof.exporter.coreml.residency import CAUTION, advise, origin
from portproof.exporter.coreml.weights.formats import parse

TEXT = (
    '<ir_version: 10, opset_import: ["" : 23]> g (float[1,16,8,8] x, int32[3] i) => (float[1,16,8,8] y, int32[3] j)'
    "{ c = Conv<pads=[1,1,1,1]>(x, w) r = Relu(c) y = Conv<pads=[1,1,1,1]>(r, w) j = Add(i, i) }"
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    weights = np.random.default_rng(0).standard_normal((16, 16, 3, 3)).astype(np.float32)
    folder = tmp_path_factory.mktemp("residency")
    return write_model(model_of(TEXT, w=weights), folder / "m.mlpackage", weights=parse("int8"))


def test_every_operator_has_a_verdict_and_where_it_comes_from(written: Written) -> None:
    advice = advise(written.path, "M2", origins=written.origins)
    found = [(each.type, each.verdict, each.source) for each in advice.operators if each.type in ("conv", "relu")]
    assert found == [("conv", "likely", "Conv"), ("relu", "likely", "Relu"), ("conv", "likely", "Conv")]
    (add,) = [each for each in advice.operators if each.type == "add"]
    assert (add.verdict, add.source) == ("unlikely", "Add")
    assert add.reasons[0].text == "it computes with whole numbers of int32, which the Neural Engine does not"
    assert (advice.chip, advice.generation, advice.caution) == ("M2", "A15", CAUTION)


def test_figures(written: Written) -> None:
    advice = advise(written.path, "A17 Pro")
    assert advice.macs_share == 1.0
    assert sum(each.macs or 0 for each in advice.operators) == 2 * 16 * 64 * 16 * 9
    unlikely = [each.type for each in advice.operators if each.verdict == "unlikely"]
    assert unlikely == ["add"]
    assert (advice.count("unlikely"), advice.count("unsure")) == (1, 0)
    assert advice.parts in (2, 3)
    assert [note.text[:12] for note in advise(written.path, "M1").notes] == ["int8 weights"]
    assert advice.notes == ()


def test_a_float32_package_runs_elsewhere(tmp_path: Path) -> None:
    weights = np.ones((16, 16, 3, 3), np.float32)
    path = write_model(model_of(TEXT, w=weights), tmp_path / "m.mlpackage", float16=False).path
    advice = advise(path, "A17 Pro")
    assert (advice.macs_share, advice.count("likely"), advice.parts) == (0.0, 0, 1)


def test_profiles_ids_and_chips(written: Written) -> None:
    by_id = advise(written.path, "iphone-15-pro")
    assert (by_id.chip, by_id.generation) == ("A17 Pro", "A17")
    assert advise(written.path, device_profiles.load("iphone-15")).generation == "A16"
    for wrong in ("pixel-8", "A99"):
        with pytest.raises(PortproofError) as caught:
            advise(written.path, wrong)
        assert caught.value.code == "E-DEVICE-UNKNOWN"
    with pytest.raises(PortproofError) as caught:
        advise(written.path, "M1", function="other")
    assert (caught.value.code, caught.value.messages[0].hint) == ("E-USAGE", "it has main")


def test_as_json(written: Written) -> None:
    data = json.loads(json.dumps(advise(written.path, "M1", origins=written.origins).as_dict()))
    assert (data["caution"], data["macs_share"]) == (CAUTION, 1.0)
    (add,) = [each for each in data["operators"] if each["type"] == "add"]
    assert add["neural_engine"] == "unlikely"
    assert set(add["reasons"][0]) == {"text", "confidence", "source"}


def test_names_that_passes_made_longer(written: Written) -> None:
    node = next(iter(written.origins.values()))
    origins = {"conv_1": node}
    for name in ("conv_1", "conv_1_cast_fp16", "conv_1_1", "_inversed_conv_1_cast_fp16"):
        assert origin(name, "conv", origins) is node
    assert origin("conv_2", "conv", origins) is None
    assert origin("transpose_0", "transpose", {"transpose": node}) is None
    assert origin("other", "conv", {}) is None

"""What fitting the shipped model anew reads: names of devices, files of networks."""

from pathlib import Path

import onnx
import pytest

from portproof.device_profiles import load
from portproof.device_profiles.cost import shipped, survey
from portproof.device_profiles.cost.groups import Group
from portproof.device_profiles.cost.points import Measurement
from portproof.device_profiles.errors import PortproofError


def test_each_device_of_the_survey_has_a_profile_and_was_fitted() -> None:
    ids = survey.device_ids()
    fitted = {group.device for group in shipped.load().calibrations}
    assert set(ids.values()) == fitted
    assert all(load(each).id == each for each in fitted)


def test_measurements_are_renamed_to_ids_and_devices_without_a_profile_keep_their_names() -> None:
    rows = [
        Measurement(group=Group(device=name, unit="cpu", runtime="r", precision="fp32"), network="n|1", latency_ms=1.0)
        for name in ("Raspberry Pi 4 (armhf)", "A board of mine")
    ]
    found = survey.renamed(rows, survey.device_ids())
    assert [row.group.device for row in found] == ["raspberry-pi-4", "A board of mine"]


def test_networks_are_read_from_files_named_after_them(tmp_path: Path) -> None:
    name = "tv.mobilenet_v2?width_mult=0.5|1x3x9x7"
    value = [onnx.helper.make_tensor_value_info(each, onnx.TensorProto.FLOAT, [1, 3, 9, 7]) for each in ("x", "y")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Sigmoid", ["x"], ["y"])], "g", value[:1], value[1:])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "tv.mobilenet_v2_width_mult=0.5@1x3x9x7.onnx")
    found = survey.read_networks([name], str(tmp_path))
    assert found[name]["io_act"] == pytest.approx(2 * 189 / 1e6)
    with pytest.raises(PortproofError, match="no such model"):
        survey.read_networks(["tv.vgg16|1x3x9x7"], str(tmp_path))

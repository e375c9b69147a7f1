"""What fitting the shipped model anew reads: names of devices, files of networks."""

from pathlib import Path

import onnx
import pytest

from portproof.device_profiles import load
from portproof.device_profiles.cost import measurements, points, shipped, survey
from portproof.device_profiles.cost.groups import Group
from portproof.device_profiles.cost.points import Measurement
from portproof.device_profiles.errors import PortproofError

RUNS = (
    ("ncnn", "tv.resnet50", "ncnn-4t-ps0"), ("x", "tv.resnet50", "tflite"), ("ncnn", "tv.vgg16", "ncnn-vulkan"),
    ("x", "tv.vgg16", "tflite"), ("qai-hub-models 0.65.0", "tv.swin_t", "tflite"), ("x", "tv.swin_t", "tflite"),
)  # fmt: skip


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


def test_what_ncnn_or_ai_hub_calls_by_the_same_name_is_another_network_of_the_same_architecture(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    rows = ["source,arch,input_shape,device,compute_unit,runtime,precision,latency_ms"]
    rows += [f"{source},{name},1x3x224x224,d,cpu,{runtime},fp32,5" for source, name, runtime in RUNS]
    path.write_text("\n".join(rows), encoding="utf-8")
    found = measurements.read_survey(path)
    assert [row.network.partition("|")[0] for row in found] == [
        "tv.resnet50#ncnn", "tv.resnet50", "tv.vgg16", "tv.vgg16", "tv.swin_t#qai", "tv.swin_t",
    ]  # fmt: skip
    data = points.of_measurements(found)
    assert len(data.networks) == 5
    assert len(set(data.architecture.tolist())) == 3


def test_files_of_ones_own_are_architectures_of_their_own() -> None:
    assert {points.architecture_of(name) for name in ("a/net#1.onnx", "a/net#2.onnx")} == {
        "a/net#1.onnx",
        "a/net#2.onnx",
    }


def test_what_was_once_a_known_network_stays_one() -> None:
    assert {"tv.inception_v3|1x3x224x224", "timm.mobilevit_s|1x3x224x224"} <= set(shipped.load().networks)


@pytest.mark.parametrize(
    "variant",
    [f"{name}#ncnn" for name in sorted(measurements.OF_NCNN)] + [f"{name}#qai" for name in sorted(measurements.OF_QAI)],
)
def test_the_shipped_file_has_every_network_that_is_otherwise_somewhere(variant: str) -> None:
    networks = shipped.load().networks
    name = points.architecture_of(variant)
    (found,) = [each for each in networks if each.startswith(f"{variant}|")]
    plain = [each for each in networks if points.architecture_of(each) == name and "#" not in each]
    assert plain
    assert all(networks[found] != networks[each] for each in plain)

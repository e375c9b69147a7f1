"""What `check` finds of whole models: coverage, partitions, limits, several devices, what is refused by name."""

from pathlib import Path

import pytest
from tests.exporter.check.nets import CONV, model

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_io
from portproof.exporter.check.check import check
from portproof.exporter.check.result import CheckResult, UnitResult
from portproof.exporter.provenance import MODULE, WHERE

DETERMINANT = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[5,6,6] x) => (float[5] y) { y = Det(x) }
"""


def save(folder: Path, text: str = CONV) -> str:
    return str(onnx_io.save(model(text), folder / "net.onnx")[0])


def only(result: CheckResult) -> UnitResult:
    assert len(result.units) == 1
    return result.units[0]


def test_what_a_unit_takes_and_what_not(tmp_path: Path) -> None:
    found = only(check(save(tmp_path), ["litert-xnnpack"]))
    assert (found.form, found.processor, found.device) == ("tflite", "cpu", "litert-xnnpack")
    assert [each.operator.facts.op for each in found.refused] == ["POW"]
    assert found.refused[0].reasons[0].why == "XNNPACK on the CPU has no operator POW"
    assert found.macs_share == 1.0
    assert 0.5 < found.operators_share < 1.0
    assert (found.on_unit_partitions, found.switches) == (2, 2)
    assert found.crossing_bytes == 2 * 4 * 8 * 8 * 4


def test_a_unit_of_one_partition_leaves_out_what_follows(tmp_path: Path) -> None:
    text = CONV.replace("two = {1.7}>", "two = {1.7}, float[4,4,1,1] v = {" + "1," * 15 + "1}>")
    path = save(tmp_path, text.replace("out = Relu(made)", "out = Conv(made, v)"))
    found = only(check(path, ["edge-tpu"], int8=True))
    assert (found.form, found.on_unit_partitions) == ("tflite int8", 1)
    assert [each.operator.facts.op for each in found.left_out] == ["CONV_2D"]
    assert found.left_out[0].as_dict()["on_unit"] is False


def test_integers_are_asked_of_units_that_know_nothing_else(tmp_path: Path) -> None:
    path = save(tmp_path)
    floats, integers = (only(check(path, ["ethos-u"], int8=int8)) for int8 in (False, True))
    assert (floats.macs_share, integers.macs_share) == (0.0, 1.0)
    assert "quantize it" in floats.refused[0].reasons[0].hint
    assert {each.operator.facts.op for each in integers.refused} == {"DEQUANTIZE", "POW", "QUANTIZE"}


def test_several_devices_share_what_follows_from_the_same_rules(tmp_path: Path) -> None:
    found = check(save(tmp_path), ["galaxy-s24", "raspberry-pi-5"]).units
    cpus = [unit for unit in found if unit.unit == "litert-xnnpack"]
    assert [unit.device for unit in cpus] == ["galaxy-s24", "raspberry-pi-5"]
    assert cpus[0].placed is cpus[1].placed
    assert cpus[0].name != cpus[1].name


def test_figures_of_a_device_decide_and_can_be_set_for_a_run(tmp_path: Path) -> None:
    path = save(tmp_path)

    def share(*overrides: str) -> float:
        found = check(path, ["galaxy-s24"], overrides=overrides).units
        return next(unit for unit in found if unit.unit == "qnn-htp").macs_share

    assert (share(), share("npu.htp_arch=68")) == (1.0, 0.0)


def test_limits(tmp_path: Path) -> None:
    path = save(tmp_path)
    assert check(path, ["ethos-u"], int8=True, fail_under=["npu=95%"]).exit_status == 0
    missed = check(path, ["ethos-u", "litert-xnnpack"], fail_under=["50"])
    assert missed.exit_status == 1
    assert [message.code for message in missed.failed] == ["E-GATE-COVERAGE"]
    assert missed.failed[0].what.startswith("ethos-u: 0.0%")


def test_a_device_without_such_a_unit_does_not_meet_its_limit(tmp_path: Path) -> None:
    (message,) = check(save(tmp_path), ["ethos-u", "litert-xnnpack"], int8=True, fail_under=["npu=1%"]).failed
    assert message.what.startswith("litert-xnnpack has no unit npu")


def test_several_functions_are_told_apart(tmp_path: Path) -> None:
    path = save(tmp_path)
    result = check([f"first={path}", f"second={path}"], ["litert-gpu"], int8=True)
    assert [unit.function for unit in result.units] == ["first", "second"]
    assert [(message.code, message.where) for message in result.messages] == [
        ("W-CHECK-INT8", "first"),
        ("W-CHECK-INT8", "second"),
    ]


@pytest.mark.parametrize(
    ("limits", "text"), [(["npu=101%"], "is no limit"), (["gpus"], "is no limit"), (["gpu=5"], "no device has a unit")]
)
def test_limits_that_cannot_be(tmp_path: Path, limits: list[str], text: str) -> None:
    with pytest.raises(PortproofError, match=text) as raised:
        check(save(tmp_path), ["ethos-u"], fail_under=limits)
    assert raised.value.code == "E-USAGE"


def test_a_model_that_has_no_such_form_is_said_and_counts_nothing(tmp_path: Path) -> None:
    result = check(save(tmp_path, DETERMINANT), ["litert-gpu", "qnn-htp"], fail_under=["gpu=1%"])
    gpu, npu = result.units
    assert gpu.unwritten[0].code == "E-OP-UNSUPPORTED"
    assert npu.refused[0].operator.facts.op == "Det"
    assert result.exit_status == 1


def test_devices_that_nobody_knows_and_units_without_rules(tmp_path: Path) -> None:
    path = save(tmp_path)
    with pytest.raises(PortproofError) as raised:
        check(path, ["litert-gpu", "pixel-99"])
    assert raised.value.code == "E-DEVICE-UNKNOWN"
    with pytest.raises(PortproofError, match="no device is named"):
        check(path, [])
    assert [message.code for message in check(path, ["pixel-7"]).messages] == ["W-CHECK-UNKNOWN"]


def test_the_torch_line_and_the_module_of_what_is_refused(tmp_path: Path) -> None:
    source = model()
    for number, node in enumerate(source.graph):
        node.metadata_props.update({WHERE: f"net.py:{number + 8} in forward", MODULE: f"part.{number}"})
    path = str(onnx_io.save(source, tmp_path / "net.onnx")[0])
    power = only(check(path, ["litert-xnnpack"], fail_under=["cpu=100"])).refused[0]
    assert (power.operator.line, power.operator.module) == ("net.py:9 in forward", "part.1")
    assert power.as_dict()["where"] == "net.py:9 in forward (part.1)"


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    check(path, ["galaxy-s24", "coral-edge-tpu"], int8=True)
    assert sorted(tmp_path.rglob("*")) == before

from pathlib import Path

import pytest
from tests.device_profiles.loading.bad import GOOD, write

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import request


def check(**changes: object) -> request.Request:
    return request.check(request.Asked(**changes))  # type: ignore[arg-type]


def refusals(**changes: object) -> list[tuple[str, str]]:
    with pytest.raises(PortproofError) as caught:
        check(**changes)
    return [(message.code, message.what) for message in caught.value.messages]


def test_without_a_wish_both_targets() -> None:
    assert check().targets == ("onnx", "tflite")


def test_targets_are_taken_once_in_one_order() -> None:
    assert check(targets=("tflite", "onnx", "tflite")).targets == ("onnx", "tflite")
    assert check(targets=("tflite",)).targets == ("tflite",)


def test_a_device_brings_its_targets() -> None:
    asked = check(devices=("xnnpack-cpu",))
    assert asked.targets == ("tflite",)
    assert [profile.id for profile in asked.devices] == ["xnnpack-cpu"]


def test_a_target_goes_before_those_of_the_device() -> None:
    assert check(devices=("pixel-8",), targets=("onnx",)).targets == ("onnx",)


def test_such_a_device_takes_another_target_when_asked() -> None:
    assert check(devices=("iphone-15",), targets=("tflite",)).targets == ("tflite",)
    assert check(devices=("iphone-15", "pixel-8"), targets=("tflite",)).targets == ("tflite",)


def test_an_integer_accelerator_is_told() -> None:
    (message,) = check(devices=("coral-edge-tpu",)).messages
    assert message.code == "W-DEVICE-PRECISION"
    assert "int8 only" in message.what
    assert "--int8" in message.hint
    assert check(devices=("coral-edge-tpu",), quant="default").messages == ()
    assert check(devices=("galaxy-s24", "pixel-8")).messages == ()


def test_a_profile_of_ones_own_and_values_for_one_run(tmp_path: Path) -> None:
    own = write(tmp_path, GOOD)
    asked = check(profiles=(own,), overrides=("npu.precisions=['int8']", "coreml_target=iOS18"))
    assert [profile.id for profile in asked.devices] == ["my-board"]
    assert (asked.coreml_target, asked.overrides) == ("iOS18", ("npu.precisions=['int8']", "coreml_target=iOS18"))
    assert asked.messages[0].why.endswith("it will run on the CPU beside it")
    assert check(devices=("my-board", "pixel-8"), profiles=(tmp_path,)).devices[1].id == "pixel-8"
    (message,) = check(devices=("galaxy-s21",)).messages
    assert message.why.endswith("on the GPU or CPU beside it")


def test_values_without_a_device_are_refused(tmp_path: Path) -> None:
    assert refusals(overrides=("npu.sram_mib=2",)) == [("E-USAGE", "--set is given, and no device")]
    assert refusals(profiles=(tmp_path,)) == [("E-USAGE", "--profile is given, and no device")]
    assert refusals(devices=("pixel-8",), overrides=("npu.sram_mb=2",)) == [
        ("E-CONFIG", "npu.sram_mb: there is no such key")
    ]


def test_gates_are_parsed() -> None:
    assert [str(gate) for gate in check(metrics=("sqnr_db>=30", "y:top1>=0.9")).gates] == ["sqnr_db>=30", "y:top1>=0.9"]


def test_everything_wrong_comes_at_once() -> None:
    found = refusals(
        targets=("tflit", "coreml"),
        devices=("pixel-88",),
        metrics=("snr>=3",),
        io_layout="nhwc",
        coreml_target="iOS14",
        coreml_precision="int8",
        samples=0,
    )
    assert [code for code, _ in found] == ["E-DEVICE-UNKNOWN", *["E-USAGE"] * 6]
    text = "\n".join(what for _, what in found)
    for part in ("pixel-88", "snr", "'tflit'", "'iOS14'", "'int8'", "'nhwc'", "0 samples"):
        assert part in text


def test_tolerances_pictures_and_labels_are_read_first() -> None:
    found = refusals(
        atol=("y:tight",), rtol=("-1",), images=("x?mena=1",), labels=("no-such.txt",), thresholds=("high",)
    )
    assert found == [
        ("E-USAGE", "--atol y:tight: 'tight' is not a number of at least 0"),
        ("E-USAGE", "--rtol -1: '-1' is not a number of at least 0"),
        ("E-USAGE", "--image x?mena=1 cannot be used"),
        ("E-FILE-MISSING", "there is no file or folder no-such.txt"),
        ("E-USAGE", "--score-threshold high: 'high' is not a number"),
    ]


def test_devices_say_the_oldest_release_for_core_ml() -> None:
    assert check(devices=("iphone-15", "pixel-8")).coreml_target == "iOS17"
    assert check(devices=("iphone-15",), coreml_target="iOS18").coreml_target == "iOS18"
    assert check().coreml_target == "iOS16"
    assert check(devices=("iphone-15",)).targets == ("coreml",)


def test_core_ml_without_its_packages_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portproof.exporter.request.find_spec", lambda name: None)
    found = refusals(targets=("coreml",))
    assert [code for code, _ in found] == ["E-INSTALL"] * 2
    assert check(targets=("tflite",)).targets == ("tflite",)

"""Scales from figures: invented devices whose scale follows their figures, and shipped profiles never measured."""

import pytest

from portproof.device_profiles import load as load_profile
from portproof.device_profiles.cost import shipped, spec_sheet, unmeasured
from portproof.device_profiles.cost.groups import Group
from portproof.device_profiles.cost.predict import predict_layers
from portproof.device_profiles.cost.spec_sheet import Sheet
from portproof.device_profiles.cost.work import Layer

WORK = [Layer(name="a", kind="pw", macs=10**8, inputs=10**6, outputs=10**6, params=10**4, reduction=64, channels=64)]


def gpu(name: str, runtime: str = "tflite") -> Group:
    return Group(device=name, unit="gpu", runtime=runtime, precision="fp16")


def sheets(slope: float, count: int = 12) -> list[Sheet]:
    """Devices whose scale falls with their peak; nobody states the bandwidth."""
    values = [index / 4 - 1.5 for index in range(count)]
    return [
        Sheet(
            group=gpu(f"d{index}"), chip=f"c{index}", values=(0.0, value, None), log_scale=1 - slope * value,
            architectures=20,
        )
        for index, value in enumerate(values)
    ]  # fmt: skip


def test_a_scale_that_follows_a_figure_is_found_and_shrunk() -> None:
    lines, _ = spec_sheet.fit(sheets(1.0))
    line = lines[gpu("d").family]
    assert -1.0 < line.weights[1] < -0.6
    assert line.scale((0.0, 1.0, None)) < line.scale((0.0, -1.0, None))
    assert line.weights[2] == pytest.approx(0)
    few, _ = spec_sheet.fit(sheets(1.0, 2))
    assert abs(few[gpu("d").family].weights[1]) < abs(line.weights[1])


def test_a_missing_figure_is_the_familys_mean() -> None:
    lines, _ = spec_sheet.fit(sheets(1.0))
    line = lines[gpu("d").family]
    assert line.scale((0.0, None, None)) == pytest.approx(line.scale((0.0, line.means[1], None)))


def test_one_slow_chip_does_not_tilt_the_slopes_much() -> None:
    odd = Sheet(group=gpu("odd"), chip="odd", values=(0.0, 1.25, None), log_scale=4.0, architectures=20)
    plain, _ = spec_sheet.fit(sheets(1.0))
    lines, chips = spec_sheet.fit([*sheets(1.0), odd])
    family = gpu("d").family
    assert abs(lines[family].weights[1] - plain[family].weights[1]) < 0.2
    assert chips["odd", "gpu"] > 1.5


def test_two_fits_are_the_same() -> None:
    assert spec_sheet.fit(sheets(0.7)) == spec_sheet.fit(sheets(0.7))


def test_of_devices_with_the_same_chip_the_same_runtime_then_threads_alike_are_taken() -> None:
    def cpu(name: str, runtime: str) -> Group:
        return Group(device=name, unit="cpu", runtime=runtime, precision="fp32")

    others = [cpu("one", "ncnn-1t-ps0"), cpu("two", "ncnn-4t-ps0"), cpu("other", "ncnn-8t-ps0")]
    chip_of = {"one": "A", "two": "A", "other": "B"}
    assert spec_sheet.sibling(cpu("new", "ncnn-8t-ps0"), others, chip_of, "A") == others[1]
    assert spec_sheet.sibling(cpu("new", "ncnn-1t-ps0"), others, chip_of, "A") == others[0]
    assert spec_sheet.sibling(cpu("new", "xnnpack-1t"), others, chip_of, "A") is None
    assert spec_sheet.sibling(cpu("new", "ncnn-1t-ps0"), others, chip_of, "C") is None


@pytest.mark.parametrize(("runtime", "count"), [("ncnn-1t-ps2", 1), ("tflite-cpu-4t", 4), ("xnnpack-mt", 4)])
def test_threads_of_runtimes(runtime: str, count: int) -> None:
    assert spec_sheet.threads(runtime) == count


def test_devices_never_measured_differ_by_their_figures() -> None:
    found = {
        name: predict_layers(WORK, load_profile(name), unit="cpu", runtime="tflite", precision="fp32")
        for name in ("pixel-9", "raspberry-pi-5", "imx-93")
    }
    assert found["pixel-9"].latency_ms < found["raspberry-pi-5"].latency_ms < found["imx-93"].latency_ms
    assert {one.kind for one in found.values()} == {"spec-sheet"}
    assert not any(one.calibrated for one in found.values())
    assert "from its chip with other runtimes; 4 threads" in found["raspberry-pi-5"].notes[0]


def test_a_chip_that_was_measured_in_another_device_stands_in() -> None:
    wanted = {"unit": "cpu", "runtime": "ncnn-4t-ps2", "precision": "fp16/fp32"}
    found = predict_layers(WORK, load_profile("galaxy-s23"), **wanted)
    other = predict_layers(WORK, load_profile("snapdragon-8-gen-2"), **wanted)
    assert (found.kind, found.calibrated, found.architectures) == ("chip", False, 0)
    assert "snapdragon-8-gen-2" in found.notes[0]
    assert found.latency_ms == pytest.approx(other.latency_ms)
    assert found.high_ms > other.high_ms
    slower = predict_layers(WORK, load_profile("galaxy-s23"), **(wanted | {"runtime": "ncnn-2t-ps2"}))
    assert slower.kind == "chip"
    assert slower.latency_ms > 1.2 * found.latency_ms


def test_where_the_same_chip_predicts_worse_than_the_family_it_is_not_used() -> None:
    group = Group(device="iphone-15", unit="npu", runtime="coreml", precision="fp16")
    model = shipped.load()
    assert group.family in model.spec_sheets.worse_by_chip
    assert unmeasured.scale(model, group, load_profile("iphone-15")).kind == "family"


def test_of_another_makers_processor_figures_say_nothing() -> None:
    group = Group(device="pixel-9", unit="npu", runtime="tflite", precision="fp16")
    found = unmeasured.scale(shipped.load(), group, load_profile("pixel-9"))
    assert (found.kind, found.deviation.log_scale) == ("family", 0.0)
    htp = unmeasured.scale(shipped.load(), group, load_profile("galaxy-s21"))
    assert htp.kind == "spec-sheet"
    assert htp.log_spread < found.log_spread


def test_the_host_of_an_accelerator_is_unknown_whatever_its_chip() -> None:
    group = Group(device="coral-edge-tpu", unit="cpu", runtime="tflite", precision="int8")
    profile = load_profile("coral-edge-tpu")
    assert "cpu" not in profile.units
    assert unmeasured.scale(shipped.load(), group, profile).kind == "family"


def test_without_any_figure_it_is_the_family() -> None:
    group = Group(device="xnnpack-cpu", unit="cpu", runtime="tflite", precision="fp32")
    assert unmeasured.scale(shipped.load(), group, load_profile("xnnpack-cpu")).kind == "family"

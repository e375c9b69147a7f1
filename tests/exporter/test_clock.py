"""Mixes are timed where this machine has the unit, and only where it is the target they decide."""

import platform
from pathlib import Path

import onnx
import pytest
from tests import small
from tests.exporter.test_speed import Heard

from portproof.calibration import quantize
from portproof.calibration.sensitivity.timing import Speed
from portproof.exporter import clock
from portproof.exporter.clock import host_timing

NAMES: list[tuple[str, str]] = []


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timing is no matter of a test."""
    NAMES.clear()

    def compared(plain: Path, quantized: Path) -> list[tuple[str, str, float]]:
        assert plain.is_file()
        assert quantized.is_file()
        NAMES.append((plain.name, quantized.name))
        return [("", "slower", 1.5)]

    monkeypatch.setattr(clock, "compared", compared)


@pytest.fixture
def mix(tmp_path: Path) -> bytes:
    quantize(small.save(tmp_path), tmp_path / "q.onnx", small.images(4), recipe="fast")
    return (tmp_path / "q.onnx").read_bytes()


def test_a_mix_is_lowered_and_run_beside_the_float_model(tmp_path: Path, mix: bytes) -> None:
    heard = Heard()
    with host_timing(tmp_path / "net.onnx", "litert-xnnpack", heard) as timing:
        assert timing is not None
        assert timing.decides
        first, second = timing.clock(mix), timing.clock(mix)
    assert NAMES == [("float.tflite", "mix.tflite")] * 2
    assert first == second
    assert first is not None
    assert (first.speed, first.ratio) == (Speed.SLOWER, 1.5)
    assert heard.notes[0] == "the mix takes 1.50 times the float model's time on this machine"


@pytest.mark.parametrize(
    ("answers", "speed", "ratio"),
    [
        ([("cannot tell", 1.3), ("slower", 1.2)], Speed.SLOWER, 1.2),
        ([("cannot tell", 1.3), ("cannot tell", 1.02), ("cannot tell", 0.98)], Speed.UNCERTAIN, 1.02),
        ([("cannot tell", 1.3), ("cannot tell", 1.1), ("cannot tell", 1.2)], Speed.SLOWER, 1.2),
        ([("cannot tell", 0.8), ("cannot tell", 0.7), ("cannot tell", 0.9)], Speed.FASTER, 0.8),
        ([("faster", 0.7)], Speed.FASTER, 0.7),
    ],
)
def test_on_a_busy_machine_it_is_asked_again(
    answers: list[tuple[str, float]],
    speed: Speed,
    ratio: float,
    tmp_path: Path,
    mix: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = iter(answers)
    monkeypatch.setattr(clock, "compared", lambda *_: [("", *next(left))])
    with host_timing(tmp_path / "net.onnx", "onnxruntime-cpu", Heard()) as timing:
        assert timing is not None
        found = timing.clock(mix)
    assert found is not None
    assert (found.speed, found.ratio) == (speed, ratio)
    assert not list(left)


def test_onnx_runtime_runs_the_files_as_they_are(tmp_path: Path, mix: bytes) -> None:
    with host_timing(tmp_path / "net.onnx", "onnxruntime-cpu", Heard()) as timing:
        assert timing is not None
        timing.clock(mix)
    assert NAMES == [("net.onnx", "mix.onnx")]


@pytest.mark.parametrize(
    ("target", "decides"),
    [
        ({"device": "litert-xnnpack"}, True),
        ({"device": "galaxy-s24"}, False),
        ({"processor": platform.machine()}, True),
        ({"processor": "riscv64"}, False),
    ],
)
def test_times_here_decide_nothing_for_another_machine(tmp_path: Path, target: dict[str, str], decides: bool) -> None:
    with host_timing(tmp_path / "net.onnx", "litert-xnnpack", Heard(), **target) as timing:
        assert timing is not None
        assert timing.decides is decides


def test_a_unit_that_this_machine_has_not_is_not_timed(tmp_path: Path) -> None:
    heard = Heard()
    with host_timing(tmp_path / "net.onnx", "ethos-u", heard) as timing:
        assert timing is None
    assert heard.notes == ["mixes are not timed: this machine has no ethos-u"]


def test_what_does_not_convert_cannot_be_timed_and_says_so(tmp_path: Path) -> None:
    text = "net (float[1,4] x) => (float[1,4] y) { y = NoSuch(x) }"
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 18]> {text}')
    onnx.save(model, tmp_path / "odd.onnx")
    heard = Heard()
    with host_timing(tmp_path / "odd.onnx", "litert-xnnpack", heard) as timing:
        assert timing is not None
        assert timing.clock(model.SerializeToString()) is None
    assert "cannot be timed here" in heard.notes[0]
    assert not NAMES

"""An integer file that is slower than its float file is called so, and no other is measured."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from portproof.exporter import speed
from portproof.exporter.report.facts import ModelFile
from portproof.exporter.report.parts import TargetName
from portproof.runtimes.progress import Silent


class Heard(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.steps: list[str] = []

    def step(self, title: str, total: int | None = None) -> AbstractContextManager:  # noqa: ARG002
        self.steps.append(title)
        return nullcontext(lambda: None)

    def note(self, text: str) -> None:
        self.notes.append(text)


def files(target: TargetName = "tflite") -> list[ModelFile]:
    return [
        ModelFile(target=target, paths=(Path(f"net{suffix}.{target}"),), keys=("a",), quantized=bool(suffix))
        for suffix in ("", ".int8")
    ]


def measured(monkeypatch: pytest.MonkeyPatch, found: Sequence[tuple[str, str, float]]) -> list[tuple[Path, Path]]:
    pairs: list[tuple[Path, Path]] = []

    def compared(plain: Path, quantized: Path) -> Sequence[tuple[str, str, float]]:
        pairs.append((plain, quantized))
        return found

    monkeypatch.setattr(speed, "compared", compared)
    return pairs


def test_a_slower_file_is_told_with_its_ratio_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = measured(monkeypatch, [("", "slower", 1.524)])
    heard = Heard()
    (message,) = speed.slower_in_integers(files(), "litert-xnnpack", heard)
    assert pairs == [(Path("net.tflite"), Path("net.int8.tflite"))]
    assert message.code == "W-INT8-SLOWER"
    assert message.what == "net.int8.tflite is slower than the float file: 1.52 times its time on this machine"
    assert "--quant dynamic" in message.hint
    assert heard.steps == ["time net.int8.tflite against net.tflite"]


@pytest.mark.parametrize("answer", ["faster", "same", "unclear"])
def test_what_is_not_slower_is_a_fact_only(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(monkeypatch, [("", answer, 0.5)])
    heard = Heard()
    assert speed.slower_in_integers(files(), "litert-xnnpack", heard) == []
    assert heard.notes == ["net.int8.tflite takes 0.50 times the float file's time on this machine"]


def test_each_function_is_judged_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    measured(monkeypatch, [("encode", "faster", 0.4), ("decode", "slower", 1.2)])
    (message,) = speed.slower_in_integers(files(), "litert-xnnpack", Silent())
    assert message.what.startswith("net.int8.tflite decode is slower")


@pytest.mark.parametrize(("unit", "target"), [("ethos-u", "tflite"), ("litert-xnnpack", "onnx"), ("coreml", "coreml")])
def test_nothing_is_measured_for_a_unit_that_is_not_here(
    unit: str, target: TargetName, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = measured(monkeypatch, [("", "slower", 2.0)])
    assert speed.slower_in_integers(files(target), unit, Silent()) == []
    assert pairs == []

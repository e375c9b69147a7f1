"""Whether a quantized file is faster than the float one, measured here: on the unit that it was placed for."""

from collections.abc import Sequence
from pathlib import Path

from portproof.device_profiles.errors import Message
from portproof.exporter.progress import Progress
from portproof.exporter.report.facts import ModelFile
from portproof.runtimes.bench import BenchOptions, bench

MEASURED = {"litert-xnnpack": "tflite", "onnxruntime-cpu": "onnx"}
"""Units that this machine is one of, and the format that they run."""
_QUICK = BenchOptions(loads=4, rounds=24, budget_s=8.0, warmup=2, profile=False)


def slower_in_integers(files: Sequence[ModelFile], unit: str, progress: Progress) -> list[Message]:
    """``W-INT8-SLOWER`` for each quantized file that is slower than its float file; a fact for each that is not.

    Args:
        files: of an export; all of one name but for the precision are pairs.
        unit: that the model was placed for; nothing is measured for another than this machine's.
        progress: told a step and what was seen: durations are of this run only, and in no document.
    """
    found = []
    target = MEASURED.get(unit)
    for quantized in (file for file in files if file.quantized and file.target == target):
        plain = next(
            file for file in files if not file.quantized and (file.target, file.keys) == (target, quantized.keys)
        )
        with progress.step(f"time {quantized.path.name} against {plain.path.name}"):
            answers = compared(plain.path, quantized.path)
        for key, answer, ratio in answers:
            label = f"{quantized.path.name} {key}".rstrip()
            progress.note(f"{label} takes {ratio:.2f} times the float file's time on this machine")
            if answer == "slower":
                found.append(_slower(label, ratio, unit))
    return found


def compared(plain: Path, quantized: Path) -> list[tuple[str, str, float]]:
    """Two files in turn on this machine: of each function its signature, the answer, the ratio of the times."""
    timings = bench([plain, quantized], _QUICK).files
    verdicts = [(timing.signature, timing.against_first) for timing in timings if timing.against_first is not None]
    return [(signature, verdict.answer, verdict.ratio) for signature, verdict in verdicts]


def _slower(label: str, ratio: float, unit: str) -> Message:
    return Message(
        code="W-INT8-SLOWER",
        what=f"{label} is slower than the float file: {ratio:.2f} times its time on this machine",
        why=f"what {unit} computes in integers saves less than the conversions between integers and floats cost",
        hint="use the float file here, another recipe (--quant dynamic, --quant weight-only), or a mix that is timed "
        "while it is searched for: portproof quantize --min-sqnr DB",
    )

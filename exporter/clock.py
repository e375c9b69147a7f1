"""Times mixes of precisions against their float model on this machine, while one is searched for."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.progress import Progress
from portproof.exporter.scratch import Scratch
from portproof.exporter.speed import MEASURED, compared

if TYPE_CHECKING:
    from portproof.calibration.sensitivity.timing import Timed, Timing

_CLEAR, _MOST_ASKED = 1.05, 3  # three times in a row beyond 5 % is no chance either


@contextmanager
def host_timing(
    model: str | Path, unit: str, progress: Progress, *, device: str = "", processor: str = ""
) -> Iterator["Timing | None"]:
    """What times mixes of a model here; None where this machine has no such unit.

    Args:
        model: the float ONNX file.
        unit: of `device_profiles.integer_kernels` that the model is placed for.
        progress: told what is timed, and what was seen: durations are of this run only, and in no document.
        device: that the model is for; "" for this machine as well as any. Times here say nothing of another device:
            mixes that are slower are told, and not set aside.
        processor: the same of its architecture.
    """
    from portproof.calibration.sensitivity.timing import Timing

    if unit not in MEASURED:
        progress.note(f"mixes are not timed: this machine has no {unit}")
        yield None
        return
    here = device in ("", unit) and processor in ("", platform.machine())
    with Scratch() as scratch:
        yield Timing(clock=_HostClock(Path(model), unit, scratch.path, progress), decides=here)


class _HostClock:
    """A `calibration.sensitivity.timing.Clock`: lowers a mix as an export would, and runs it beside the float file."""

    def __init__(self, model: Path, unit: str, folder: Path, progress: Progress) -> None:
        self.model, self.unit, self.folder, self.progress = model, unit, folder, progress

    def __call__(self, quantized: bytes) -> "Timed | None":
        given = self.folder / "mix.onnx"
        given.write_bytes(quantized)
        try:
            with self.progress.step("time the mix against the float model"):
                found = self._judged(self._lowered(self.model, "float"), self._lowered(given, "mix"))
        except PortproofError as error:
            self.progress.note(f"the mix cannot be timed here: {error}")
            return None
        self.progress.note(f"the mix takes {found.ratio:.2f} times the float model's time on this machine")
        return found

    def _judged(self, plain: Path, mix: Path) -> "Timed":
        """One file beside another; on a busy machine it is asked again while neither is certainly the faster."""
        from portproof.calibration.sensitivity.timing import Speed, Timed

        certain = {"slower": Speed.SLOWER, "faster": Speed.FASTER}
        ratios: list[float] = []
        while len(ratios) < _MOST_ASKED:
            ((_, answer, ratio),) = compared(plain, mix)
            if answer in certain:
                return Timed(ratio=ratio, speed=certain[answer])
            ratios.append(ratio)
        middle = sorted(ratios)[len(ratios) // 2]
        if min(ratios) > _CLEAR:
            return Timed(ratio=middle, speed=Speed.SLOWER)
        return Timed(ratio=middle, speed=Speed.FASTER if max(ratios) < 1 / _CLEAR else Speed.UNCERTAIN)

    def _lowered(self, source: Path, name: str) -> Path:
        """The file that the unit runs; the float model's is made once."""
        if MEASURED[self.unit] == "onnx":
            return source
        from portproof.exporter.tflite import convert

        path = self.folder / f"{name}.tflite"
        if name == "mix" or not path.exists():
            convert(source, path, unit=self.unit)
        return path

"""One function as a quantized model: calibrated once, written as QDQ ONNX, from which every format is lowered."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.source import Source
from portproof.exporter.told import Told
from portproof.runtimes.data import Dataset
from portproof.runtimes.images import Preprocessing

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.calibration.report import QuantizationReport
    from portproof.device_profiles.schema import Profile

UNITS = {"tflite": "litert-xnnpack", "coreml": "coreml", "onnx": "onnxruntime-cpu", "coreai": "coreai"}
"""Whose integer kernels a model is placed for where no device says it: the first of these targets that is written."""


@dataclass(frozen=True, kw_only=True)
class QuantOptions:
    """How models are quantized.

    Attributes:
        recipe: a name of `calibration.recipes.RECIPES`.
        unit: of `device_profiles.integer_kernels`, or the id of a device whose profile names one.
        jobs: processes that watch samples.
        integer_io: inputs and outputs of the TFLite file are integers.
    """

    recipe: str
    unit: str
    jobs: int = 1
    integer_io: bool = False


def unit_for(devices: "Sequence[Profile]", targets: Sequence[str]) -> str:
    """The unit to place a model for: of the first device that names one, else of the first target."""
    named = [unit for device in devices for unit in device.int8_units]
    return named[0] if named else next(unit for target, unit in UNITS.items() if target in targets)


def integer_ends(devices: "Sequence[Profile]") -> bool:
    """Whether a TFLite file's inputs and outputs are to be integers: all devices read nothing else on their unit."""
    from portproof.device_profiles.op_rules.load import load

    rules = [[load(name) for unit in device.units.values() for name in unit.rules] for device in devices]
    return bool(rules) and all(any(each.integer_io for each in of_device) for of_device in rules)


def said_of_ends(devices: "Sequence[Profile]") -> Message:
    """What a user is told of it."""
    names = ", ".join(device.id for device in devices)
    return Message(
        code="W-DEVICE-INTEGERS",
        what=f"inputs and outputs of the quantized TFLite file are int8, for {names}",
        why="its neural processor reads and writes integers only: conversions would run on the CPU beside it",
        hint="quantize inputs by the scale and zero point that the file and the manifest state",
    )


@dataclass(frozen=True, kw_only=True)
class Quantized:
    """A function in integers.

    Attributes:
        model: QDQ ONNX.
        report: what each step gained and cost, what stayed float and why.
    """

    model: "ir.Model"
    report: "QuantizationReport"


def quantize(
    model: "ir.Model",
    path: Path,
    source: Source,
    data: Dataset,
    options: QuantOptions,
    *,
    declared: Sequence[Preprocessing] = (),
    seed: int,
    told: Told,
) -> Quantized:
    """Quantize a simplified model.

    Args:
        model: simplified, float.
        path: the QDQ ONNX file to write.
        source: where the model comes from.
        data: the calibration samples.
        options: how.
        declared: the preprocessing of image inputs, which the samples' ranges are held against.
        seed: of all that is drawn.
        told: told the steps and the warnings.

    Raises:
        PortproofError: ``E-USAGE``: a size stays dynamic, or the data are random; ``E-DATA-*``, ``E-CALIB-*``.
    """
    from portproof import calibration
    from portproof.exporter import onnx_io
    from portproof.exporter.scratch import Scratch

    _refuse(source, data)
    with Scratch() as scratch:
        onnx_io.save(model, scratch.path / "float.onnx")
        done = calibration.quantize(
            scratch.path / "float.onnx",
            path,
            data,
            recipe=options.recipe,
            device=options.unit,
            jobs=options.jobs,
            declared=declared,
            seed=seed,
            progress=_Steps(told),
        )
    told.add(done.report.messages)
    return Quantized(model=onnx_io.load(path), report=done.report)


def _refuse(source: Source, data: Dataset) -> None:
    if source.dims:
        names = ", ".join(dim.name for dim in source.dims)
        hint = "give every size a number with --input"
        raise PortproofError("E-USAGE", f"quantization needs fixed sizes, and {names} stays dynamic", hint=hint)
    if data.kind == "random":
        raise PortproofError(
            "E-USAGE",
            "quantization needs calibration data, and none was given",
            why="ranges of random inputs are not those of real ones",
            hint="give real inputs: --calib folder_of_npz, --calib 'photos/?size=224' or --calib file.py:function",
        )


class _Steps:
    """Passes steps and notes on; messages come with the report, and are told once."""

    def __init__(self, told: Told) -> None:
        self.step, self.note = told.progress.step, told.progress.note

    def message(self, message: object) -> None:
        """Told later."""

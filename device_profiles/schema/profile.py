"""What a profile file holds, and what a profile holds once the files it extends are merged into it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from portproof.device_profiles.cost.fit_schema import LatencyFit
from portproof.device_profiles.schema.figure import ID_PATTERN, Figure, Kind, Strict
from portproof.device_profiles.schema.units import UNITS, Cpu, Gpu, Memory, Npu, Precision, Unit, UnitName, Word

Target = Literal["tflite", "coreml", "onnx"]
Int8Unit = Literal[
    "coreai",
    "coreml",
    "edge-tpu",
    "ethos-u",
    "litert-reference",
    "litert-xnnpack",
    "onnxruntime-cpu",
    "qnn-htp",
    "tensorrt",
]
CoreMLTarget = Literal["iOS15", "iOS16", "iOS17", "iOS18"]
ProfileKind = Literal["soc", "device"]
Id = Annotated[str, Field(pattern=ID_PATTERN)]


class Runtime(Strict):
    """A runtime that executes a model on the device.

    Attributes:
        name: what it is called.
        version: what the profile speaks of; left out where the source names none.
        units: the compute units that it reaches.
        kind: how it is known.
        source: where that is documented.
    """

    name: Word
    version: Word | None = None
    units: tuple[UnitName, ...] = Field(min_length=1)
    kind: Kind
    source: Word


class ProfileFile(Strict):
    """One file of a profile: what it states. The rest is that of the profile that it extends.

    Attributes:
        kind: ``soc``: a chip that devices extend; ``device``: what one holds in the hand.
        id: the name after ``-d``, equal to the file's; lower-case words joined by hyphens.
        extends: the id of the profile whose keys count where this file has none.
        vendor: who makes it.
        soc: the chip's name.
        soc_model: the chip's number, such as ``"SM8650"``, where compilers ask for it.
        year: when it came out.
        targets: what `export -d` writes when no target is asked for, the preferred first.
        int8_units: what runs int8 models on it, the preferred first: units of `integer_kernels`, by name.
        coreml_target: the oldest release of Apple's systems to write Core ML packages for.
        runtimes: what executes models on it.
        latency: cost models, fitted for a unit, a runtime and a precision each.
        notes: sentences that a user should know.
    """

    kind: ProfileKind
    id: Id
    extends: Id | None = None
    name: Word
    vendor: Word
    soc: Word | None = None
    soc_model: Word | None = None
    year: int | None = Field(default=None, ge=2007, le=2100, strict=True)
    targets: tuple[Target, ...] = ()
    int8_units: tuple[Int8Unit, ...] = ()
    coreml_target: CoreMLTarget | None = None
    notes: tuple[Word, ...] = ()
    cpu: Cpu | None = None
    gpu: Gpu | None = None
    npu: Npu | None = None
    memory: Memory | None = None
    runtimes: tuple[Runtime, ...] = ()
    latency: tuple[LatencyFit, ...] = ()

    @model_validator(mode="after")
    def _fits_each_once(self) -> Self:
        keys = [f"{fit.unit}/{fit.runtime}/{fit.precision}" for fit in self.latency]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"latency: two cost models for {', '.join(twice)}")
        return self

    @property
    def units(self) -> dict[UnitName, Unit]:
        """Its compute units by name: those that a file has a table for."""
        return {name: unit for name in UNITS if (unit := getattr(self, name)) is not None}

    @property
    def figures(self) -> dict[str, Figure]:
        """Every number by its dotted key: ``"npu.htp_arch"``, ``"memory.dram_gbps"``."""
        parts = (*UNITS, "memory")
        tables = [(name, table) for name in parts if (table := getattr(self, name)) is not None]
        return {f"{name}.{key}": figure for name, table in tables for key, figure in table.figures()}


class Profile(ProfileFile):
    """A profile with all that it extends merged into it."""

    soc: Word
    targets: tuple[Target, ...] = Field(min_length=1)
    runtimes: tuple[Runtime, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _runs_on_what_there_is(self) -> Self:
        for runtime in self.runtimes:
            absent = [unit for unit in runtime.units if unit not in self.units]
            if absent:
                raise ValueError(f"the runtime {runtime.name} needs the table [{absent[0]}], which no file has")
        for fit in self.latency:
            if fit.unit not in self.units:
                raise ValueError(f"latency of {fit.runtime} needs the table [{fit.unit}], which no file has")
        return self

    @property
    def accelerator_precisions(self) -> tuple[Precision, ...]:
        """What its neural processor computes in; empty where there is none, or where it is not known."""
        return self.npu.precisions if self.npu else ()

"""What a device profile holds. Imported only where profiles are read: it needs pydantic."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["primary", "derived", "third-party", "marketing", "missing"]
Target = Literal["tflite", "coreml", "onnx"]
Precision = Literal["float32", "float16", "int16", "int8", "int4"]
Int8Unit = Literal[
    "coreai",
    "coreml",
    "edge-tpu",
    "ethos-u",
    "litert-reference",
    "litert-xnnpack",
    "onnxruntime-cpu",
    "qnn-htp",
]
CoreMLTarget = Literal["iOS15", "iOS16", "iOS17", "iOS18"]
FigureName = Literal[
    "cpu_peak_fp16_gflops",
    "cpu_peak_fp32_gflops",
    "cpu_peak_int8_gops",
    "gpu_peak_fp32_gflops",
    "memory_bandwidth_gbps",
    "npu_htp_arch",
    "npu_peak_int8_tops",
    "npu_peak_tops",
    "npu_sram_mib",
    "npu_vtcm_mib",
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Strict):
    """One number about a device, in the unit that its name ends with.

    Attributes:
        value: the number; left out when `kind` is ``"missing"``.
        kind: ``primary`` (the maker's documents or code), ``derived`` (computed from such), ``third-party``,
            ``marketing`` (the maker's claim, conditions unstated), ``missing`` (looked for, not found).
        source: where it is from, or what was searched in vain.
    """

    value: float | None = None
    kind: Kind
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _value_fits_kind(self) -> Self:
        if (self.value is None) != (self.kind == "missing"):
            raise ValueError('a value is needed, unless kind = "missing", which has none')
        return self


class Runtime(_Strict):
    """A runtime that executes a model on the device, and where that is documented."""

    name: str = Field(min_length=1)
    kind: Kind
    source: str = Field(min_length=1)


class Profile(_Strict):
    """A device: who makes it, what runs on it, and its figures, each with its source.

    Attributes:
        id: the name after ``-d``, equal to the file's; lower-case words joined by hyphens.
        targets: what `export -d` writes when no target is asked for, the preferred first.
        accelerator_precisions: what its accelerator computes in; other models run on its CPU.
        int8_units: what runs int8 models on it, the preferred first: units of `integer_kernels`, by name.
        figures: numbers by name; a name ends with its unit.
        coreml_target: the oldest release of Apple's systems to write Core ML packages for.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: str = Field(min_length=1)
    vendor: str = Field(min_length=1)
    soc: str = Field(min_length=1)
    year: int | None = Field(default=None, ge=2007, le=2100)
    cpu: str = ""
    gpu: str = ""
    npu: str = ""
    targets: tuple[Target, ...] = Field(min_length=1)
    accelerator_precisions: tuple[Precision, ...] = ()
    runtimes: tuple[Runtime, ...] = Field(min_length=1)
    int8_units: tuple[Int8Unit, ...] = ()
    figures: dict[FigureName, Figure] = Field(default_factory=dict)
    coreml_target: CoreMLTarget | None = None
    notes: tuple[str, ...] = ()

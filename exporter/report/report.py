"""`report.json`: what was exported, through which stages, and how well it agrees with the source."""

from typing import Literal

from pydantic import Field

from portproof.exporter.report.parts import File, Finding, Signature, Strict


class Source(Strict):
    """The model given."""

    model: str = Field(description="as given on the command line, without folders")
    format: Literal["torch", "pt2", "onnx"]
    reference: Literal["torch", "onnxruntime"] = Field(description="what computed the reference outputs")
    signature: Signature


class InputRange(Strict):
    """What the data holds for one input, over all samples."""

    name: str
    minimum: float
    maximum: float
    mean: float


class Data(Strict):
    """What parity was measured on."""

    kind: Literal["given", "random"]
    samples: int = Field(ge=1)
    seed: int | None = Field(description="of random data; null when data was given")
    inputs: tuple[InputRange, ...]


class Stage(Strict):
    """The graph after a step, by operator type."""

    name: Literal["onnx", "simplified", "tflite"]
    total: int = Field(ge=0, description="operators in all, those of subgraphs included")
    operators: dict[str, int] = Field(description="count by operator type, sorted by name")


class Tolerance(Strict):
    """What an output may differ by: |reference - candidate| <= atol + rtol * |reference|, and why."""

    atol: float = Field(ge=0)
    rtol: float = Field(ge=0)
    reason: str


class OutputParity(Strict):
    """How well one output agrees with the reference, over all samples."""

    name: str
    passed: bool
    max_abs: float | None = Field(description="null when it is not a number")
    mean_abs: float | None
    relative_l2: float | None = Field(description="|reference - candidate| / |reference|; null for a zero reference")
    cosine: float | None
    sqnr_db: float | None = Field(description="null when there is no difference at all, or the reference is zero")
    top1_agreement: float | None = Field(description="share of samples; null when it is not a classifier")
    tolerance: Tolerance


class Metric(Strict):
    """A requirement of --metric and what was measured."""

    requirement: str
    output: str
    value: float | None
    passed: bool


class TargetParity(Strict):
    """One file that was written, loaded into its runtime and run."""

    target: Literal["onnx", "tflite"]
    file: str
    runtime: str = Field(description="what ran it, with its version")
    passed: bool
    outputs: tuple[OutputParity, ...]
    metrics: tuple[Metric, ...] = ()


class Device(Strict):
    """A device that the export was asked for."""

    id: str
    name: str


class Report(Strict):
    """The whole of `report.json`."""

    schema_version: Literal[1] = 1
    name: str
    passed: bool = Field(description="whether every gate was met; the files are written either way")
    source: Source
    devices: tuple[Device, ...]
    data: Data
    stages: tuple[Stage, ...]
    tflite_transposes: int | None = Field(description="transposes left in the TFLite file; null when there is none")
    parity: tuple[TargetParity, ...]
    messages: tuple[Finding, ...]
    artifacts: tuple[File, ...] = Field(description="models and their weights")

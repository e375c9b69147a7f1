"""`report.json`: what was exported, through which stages, and how well it agrees with the source."""

from typing import Literal

from pydantic import Field

from portproof.exporter.report.parts import Dimension, File, Finding, Signature, StageName, Strict, TargetName


class Source(Strict):
    """The model given."""

    model: str = Field(description="as given on the command line, without folders")
    format: Literal["torch", "pt2", "onnx"]
    reference: Literal["torch", "onnxruntime"] = Field(description="what computed the reference outputs")
    signature: Signature
    dims: tuple[Dimension, ...] = Field(default=(), description="the dynamic dimensions of the inputs")


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
    sizes: tuple[dict[str, int], ...] = Field(
        default=(), description="of the dynamic dimensions: every combination that was compared, in order"
    )
    inputs: tuple[InputRange, ...]


class Stage(Strict):
    """The graph after a step, by operator type."""

    name: StageName
    total: int = Field(ge=0, description="operators in all, those of subgraphs included")
    operators: dict[str, int] = Field(description="count by operator type, sorted by name")


class Tolerance(Strict):
    """What an output may differ by: |candidate - reference| <= atol * scale + rtol * |reference|, and why."""

    atol: float = Field(ge=0)
    rtol: float = Field(ge=0)
    scaled: bool = Field(description="whether scale is max(1, largest |reference| of the sample); else it is 1")
    reason: str


class Place(Strict):
    """Where the largest error is."""

    sample: int
    index: tuple[int, ...]


Number = float | Literal["inf", "-inf", "nan"]


class OutputParity(Strict):
    """How well one output agrees with the reference, over all samples."""

    name: str
    passed: bool
    samples: int
    elements: int
    beyond: int = Field(description="elements beyond the tolerance")
    non_finite: int = Field(description="elements that are NaN or infinite on one side only")
    max_abs: Number
    mean_abs: Number
    relative_l2: Number = Field(description="|candidate - reference| / |reference|")
    cosine: Number
    sqnr_db: Number = Field(description='"inf" when there is no difference at all')
    top1: float | None = Field(description="share of rows with the same largest class; null for no classifier")
    reference_max: Number
    worst: Place | None
    tolerance: Tolerance


class TargetParity(Strict):
    """One function of one file that was written, loaded into its runtime and run."""

    target: TargetName
    file: str
    signature_key: str = Field(description="the function; serving_default where the source is one")
    runtime: str = Field(description="what ran it, with its version")
    passed: bool
    outputs: tuple[OutputParity, ...]
    failed_gates: tuple[Finding, ...]


class Device(Strict):
    """A device that the export was asked for."""

    id: str
    name: str
    overrides: tuple[str, ...] = Field(default=(), description="values of its profile that the command line set")


class KeptOperator(Strict):
    """An operator of a float16 package that computes in float32."""

    operator: str = Field(description="its name in the package")
    type: str = Field(description="MIL's")
    source: str = Field(description="the ONNX operator that it comes from; empty where that is not known")
    where: str = Field(description="the torch module and line, where known")
    why: str


class Elsewhere(Strict):
    """An operator that the Neural Engine will likely not run, or of which one cannot tell."""

    operator: str = Field(description="its name in the package")
    type: str = Field(description="MIL's")
    verdict: Literal["unlikely", "unsure"]
    where: str = Field(description="the torch module and line, where known")
    why: tuple[str, ...] = Field(description="each with its source")


class NeuralEngine(Strict):
    """Advice, not fact: where a package will likely run on a device."""

    device: str
    chip: str
    caution: str
    likely: int = Field(description="operators that likely run there")
    unlikely: int
    unsure: int
    macs_share: float | None = Field(
        description="of the multiply-accumulates that likely run there; null where unknown"
    )
    parts: int = Field(description="runs of operators that are likely there, or not: each change costs time")
    elsewhere: tuple[Elsewhere, ...]


class CoreMLPackage(Strict):
    """How a Core ML package computes."""

    file: str
    signature_key: str
    deployment_target: str = Field(description="the oldest release of Apple's systems that runs it")
    precision: Literal["float16", "float32"]
    float32_operators: tuple[KeptOperator, ...] = Field(description="those of a float16 package that stay in float32")
    weights: str | None = Field(default=None, description="how they are stored; null for as they are computed with")
    weight_bytes: tuple[int, int] | None = Field(default=None, description="before and after they were packed")
    neural_engine: tuple[NeuralEngine, ...] = Field(default=(), description="one for each Apple device asked for")


class Island(Strict):
    """An operator of a quantized TFLite file that computes in float32."""

    operator: str = Field(description="TFLite's name")
    tensor: str = Field(description="what it computes, by its name in the file; empty where it has none")
    where: str = Field(description="the torch module and line, where known")
    why: str


class TFLiteIntegers(Strict):
    """What a quantized TFLite file computes in integers, and what it does not."""

    kernels: dict[str, int] = Field(description="operators that give quantized integers, by type")
    islands: tuple[Island, ...] = Field(description="in order of execution")


class Sqnr(Strict):
    """How near an output comes to the float model's."""

    output: str
    sqnr_db: float


class LayerVerdict(Strict):
    """What became of a step's proposal for one layer."""

    layer: str
    kept: bool
    before_db: float = Field(description="SQNR of the layer's output, on samples that the step has not seen")
    after_db: float = Field(description="the same with what was proposed")
    why: str = Field(description="where it was not kept though the layer comes nearer")


class QuantizationStep(Strict):
    """One step of the recipe, kept where it helps."""

    name: str
    before: tuple[Sqnr, ...]
    after: tuple[Sqnr, ...]
    layers: tuple[LayerVerdict, ...]


class FloatNode(Strict):
    """A node of a quantized model that computes in float."""

    node: str
    operator: str = Field(description="ONNX's")
    where: str = Field(description="the torch module and line, where known")
    why: str


class StepsApart(Strict):
    """Values of a quantized tensor in two runtimes, in steps of its scale."""

    values: int = Field(ge=0, description="compared")
    apart: int = Field(ge=0, description="how many differ")
    within_one: float = Field(ge=0, le=1, description="the share that is at most one step apart")
    most: int = Field(ge=0, description="steps between the two farthest apart")


class Agreement(Strict):
    """The TFLite file against the QDQ model that it was made of."""

    samples: int = Field(ge=1, description="that both were run whole on")
    outputs: dict[str, StepsApart] = Field(description="whole: LiteRT against ONNX Runtime's integer kernels")
    layers: StepsApart | None = Field(
        description="all layers, each reading the same integers, against the model's own arithmetic; null: left out"
    )
    compared_layers: int = Field(ge=0)
    worst_layer: str = Field(description="the one that agrees least; empty where there is none")
    left_out: str = Field(default="", description="why no layers were compared")


class Quantization(Strict):
    """How one function was quantized; figures are of the fifth of the calibration data that no step has seen."""

    signature_key: str
    recipe: str
    unit: str = Field(description="whose integer kernels it was placed for")
    samples: int = Field(ge=1, description="calibrated on")
    held_back: int = Field(ge=1, description="of these")
    ranges: tuple[Sqnr, ...] = Field(description="with ranges and rounding to nearest alone")
    steps: tuple[QuantizationStep, ...]
    written: tuple[Sqnr, ...] = Field(description="of the QDQ file, in ONNX Runtime's integer kernels")
    layers: int = Field(ge=0, description="with integer weights")
    integer_nodes: int = Field(ge=0)
    float_nodes: tuple[FloatNode, ...]
    agreement: Agreement | None = Field(default=None, description="null where no TFLite file was written")


class Function(Strict):
    """One of several functions that share a file."""

    signature_key: str
    source: Source
    data: Data
    stages: tuple[Stage, ...]


class Report(Strict):
    """The whole of `report.json`."""

    schema_version: Literal[1] = 1
    name: str
    passed: bool = Field(description="whether every gate was met; the files are written either way")
    source: Source | None = Field(description="null where there are several functions: see there")
    devices: tuple[Device, ...]
    data: Data | None = Field(description="null where there are several functions: see there")
    stages: tuple[Stage, ...] = Field(description="empty where there are several functions: see there")
    functions: tuple[Function, ...] = Field(description="where the source offers several; else empty")
    tflite_transpose_bytes: int | None = Field(description="moved by the transposes left; null without a TFLite file")
    tflite_integers: TFLiteIntegers | None = Field(default=None, description="null where nothing is quantized")
    metrics: tuple[str, ...] = Field(description="what was required with --metric")
    parity: tuple[TargetParity, ...]
    messages: tuple[Finding, ...]
    artifacts: tuple[File, ...] = Field(description="models and their weights")
    coreml: tuple[CoreMLPackage, ...] = Field(default=(), description="one for each function, where they were written")
    quantization: tuple[Quantization, ...] = Field(default=(), description="one for each function that was quantized")

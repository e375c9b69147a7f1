"""`manifest.json`: the files of a result, how to check them, and how to feed them."""

from typing import Literal

from pydantic import Field

from portproof.exporter.report.parts import Dimension, File, Signature, Strict, TargetName


class Target(Strict):
    """One function of one model file as an app calls it."""

    target: TargetName
    file: str = Field(description="a Core ML package is a folder")
    signature_key: str = Field(description="the function; what a TFLite file calls its signature")
    signature: Signature
    oldest_release: str | None = Field(
        default=None, description="TensorFlow Lite release from which on the file runs; LiteRT 1.0 is newer than all"
    )
    deployment_target: str | None = Field(
        default=None, description="release of Apple's systems from which on a Core ML package runs, such as iOS16"
    )


class Preprocessing(Strict):
    """From a picture to the input: resize, crop, then (pixel * scale - mean) / std."""

    input: str = Field(description="the input it fills; empty when the model has one only")
    size: tuple[int, int] = Field(description="height and width in pixels")
    resize: int | tuple[int, int] = Field(description="the shorter side, or height and width, in pixels")
    mode: str
    crop: str
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels: str
    layout: str


class ImageInput(Strict):
    """An input that is a picture: each value is (pixel - mean) / std of pixels 0..255."""

    signature_key: str
    input: str
    size: tuple[int, int] = Field(description="height and width in pixels")
    channels: str = Field(description="rgb, bgr or gray")
    layout: str = Field(description="of the source's input, nchw or nhwc; perm says how a file's differs")
    mean: tuple[float, ...] = Field(description="in units of pixels 0..255, one or one a channel")
    std: tuple[float, ...] = Field(description="in units of pixels 0..255, one or one a channel")


class Labels(Strict):
    """What the numbers of an output stand for."""

    signature_key: str
    output: str
    axis: int | None = Field(description="class axis of the source's output; null where its values are class numbers")
    file: str = Field(description="a name a line, UTF-8; it lies in this folder, and in the TFLite file")
    count: int


class Threshold(Strict):
    """Below which scores mean nothing."""

    signature_key: str
    output: str
    value: float


class Function(Strict):
    """One of several functions that share a file."""

    signature_key: str
    source: Signature
    dims: tuple[Dimension, ...] = Field(default=(), description="the dynamic dimensions of its inputs")
    golden: tuple[str, ...] = Field(description="its files of golden vectors")


class Manifest(Strict):
    """The whole of `manifest.json`; it lists every other file of the folder."""

    schema_version: Literal[1] = 1
    name: str
    portproof: str = Field(description="the version that wrote it")
    tools: dict[str, str] = Field(description="versions of what took part, by package")
    source: Signature | None = Field(
        description="the source's inputs and outputs; golden vectors are in its layout; null with several functions"
    )
    functions: tuple[Function, ...] = Field(description="where the source offers several; else empty")
    dims: tuple[Dimension, ...] = Field(default=(), description="the dynamic dimensions of the source's inputs")
    targets: tuple[Target, ...]
    preprocessing: Preprocessing | None = Field(
        description="what turns a picture into the input, as declared with the data; null when none was declared"
    )
    images: tuple[ImageInput, ...] = Field(description="inputs that are pictures, as declared")
    labels: tuple[Labels, ...]
    score_thresholds: tuple[Threshold, ...]
    golden: tuple[str, ...] = Field(description="files of golden vectors: arrays inputs/NAME and outputs/NAME")
    files: tuple[File, ...] = Field(description="every file but this one")

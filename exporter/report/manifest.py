"""`manifest.json`: the files of a result, how to check them, and how to feed them."""

from typing import Literal

from pydantic import Field

from portproof.exporter.report.parts import Dimension, File, Signature, Strict, TargetName


class Target(Strict):
    """One model file as an app loads it."""

    target: TargetName
    file: str
    signature: Signature
    oldest_release: str | None = Field(
        default=None, description="TensorFlow Lite release from which on the file runs; LiteRT 1.0 is newer than all"
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


class Manifest(Strict):
    """The whole of `manifest.json`; it lists every other file of the folder."""

    schema_version: Literal[1] = 1
    name: str
    portproof: str = Field(description="the version that wrote it")
    tools: dict[str, str] = Field(description="versions of what took part, by package")
    source: Signature = Field(description="the source's inputs and outputs; golden vectors are in its layout")
    dims: tuple[Dimension, ...] = Field(default=(), description="the dynamic dimensions of the source's inputs")
    targets: tuple[Target, ...]
    preprocessing: Preprocessing | None = Field(
        description="what turns a picture into the input, as declared with the data; null when none was declared"
    )
    golden: tuple[str, ...] = Field(description="files of golden vectors: arrays inputs/NAME and outputs/NAME")
    files: tuple[File, ...] = Field(description="every file but this one")

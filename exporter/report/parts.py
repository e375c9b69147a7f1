"""The parts that the report and the manifest share."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

TargetName = Literal["onnx", "tflite", "coreml", "coreai"]
StageName = Literal[
    "onnx",
    "simplified",
    "tflite",
    "coreml",
    "coreai",
    "quantized",
    "tflite_int8",
    "coreml_int8",
    "coreai_int8",
]


class Strict(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Tensor(Strict):
    """An input or output of a file."""

    name: str = Field(description="the source's name")
    shape: tuple[int | None, ...] = Field(description="in the file's own layout; null is a size known when running")
    dtype: str = Field(description="numpy's name, such as float32")
    perm: tuple[int, ...] | None = Field(
        default=None,
        description="file_array = source_array.transpose(perm); null when the layouts are the same",
    )
    own_name: str | None = Field(
        default=None, description="what the file itself calls it; null where that is the source's name"
    )
    source_dtype: str | None = Field(
        default=None, description="of the source, where the file has another type: whole numbers as int32, say"
    )
    scale: float | None = Field(
        default=None, description="real = (integer - zero_point) * scale; null for a tensor of other numbers"
    )
    zero_point: int | None = Field(default=None, description="null where there is no scale")
    dims: tuple[str | None, ...] | None = Field(
        default=None,
        description="of the source: the dynamic dimension of each axis, null for a fixed size; null when all are fixed",
    )


class Dimension(Strict):
    """A size that is known only when running: low, low + step, ... up to high."""

    name: str
    low: int = Field(ge=1)
    high: int | None = Field(description="null when it has no limit")
    step: int = Field(ge=1)


class Signature(Strict):
    """The inputs and outputs of a file, in its order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


class File(Strict):
    """A file that was written, and how to check it."""

    path: str = Field(description="relative to the folder of this document, with /")
    role: str = Field(description="model, weights, labels, report or golden")
    target: str | None = Field(default=None, description="tflite, onnx, coreml or coreai, for models and weights")
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Finding(Strict):
    """A message: a code of the catalogue (`portproof schema` lists it), what, where, why and what to do."""

    code: str
    what: str
    where: str = ""
    why: str = ""
    hint: str = ""

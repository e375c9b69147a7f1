"""What `inspect` finds in a model file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portproof.runtimes.spec import TensorSpec


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Inputs and outputs of one function of a file."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A model file as it is.

    Attributes:
        format: ``"onnx"``, ``"tflite"``, ``"coreml"`` or ``"coreai"``.
        bytes: size of the file, of a package that of all its files.
        inputs: what must be fed, in the file's layout, with the perm it records; of the first function, where a file
            offers several.
        outputs: what it gives.
        operators: count by operator type, subgraphs included, sorted by name; ONNX operators of another domain
            than the standard one as ``domain::Type``.
        parameters: number of weight elements (constants of rank 1 and more).
        weight_bytes: their size.
        metadata: format version, producer, operator set, and the names of what else the file carries.
        signatures: the functions by name, where a file names them.
        described: its TFLite Metadata, tables as dicts by the names of their schema; None where there is none.
        files: the files that travel with it, name to bytes.
    """

    format: str
    bytes: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    operators: Mapping[str, int]
    parameters: int
    weight_bytes: int
    metadata: Mapping[str, str]
    signatures: Mapping[str, Ends] = field(default_factory=dict)
    described: Mapping[str, Any] | None = None
    files: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The number of operators."""
        return sum(self.operators.values())

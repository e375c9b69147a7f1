"""One function as a Core ML package: written in float16 where that holds, in float32 where it does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.exporter.told import Told
from portproof.runtimes.data import Dataset

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True, kw_only=True)
class CoreMLOptions:
    """How packages are written.

    Attributes:
        target: the oldest release that must run them, one of `targets.TARGETS`.
        float16: compute in float16 where that holds.
    """

    target: str
    float16: bool


@dataclass(frozen=True, kw_only=True)
class Kept:
    """An operator of a float16 package that computes in float32.

    Attributes:
        operator: its name in the package.
        type: MIL's.
        source: the ONNX operator that it comes from; empty where that is not known.
        where: the torch module and line, where known.
        why: one sentence.
    """

    operator: str
    type: str
    source: str
    where: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package that was written.

    Attributes:
        path: the `.mlpackage` folder.
        target: the oldest release that runs it.
        float16: whether it computes in float16.
        op_counts: how many operators of each kind, constants aside, sorted by name.
        kept: what stays in float32 in a float16 package.
    """

    path: Path
    target: str
    float16: bool
    op_counts: Mapping[str, int]
    kept: tuple[Kept, ...] = field(default=())


def write(
    model: "ir.Model", path: Path, options: CoreMLOptions, data: Dataset, *, label: str = "", told: Told
) -> Package:
    """Converts a simplified model and writes its package.

    Args:
        model: simplified ONNX.
        path: the `.mlpackage` folder to write.
        options: how.
        data: what float16 must be able to compute.
        label: of the function, for the steps shown.
        told: told the steps and the warnings.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED`` with one message for each node that cannot be written.
    """
    from portproof.exporter.coreml.conversion import write_model

    with told.progress.step(f"convert to Core ML{label}"):
        written = write_model(model, path, target=options.target, float16=options.float16)
    told.add(written.messages)
    return Package(path=path, target=options.target, float16=options.float16, op_counts=written.op_counts)

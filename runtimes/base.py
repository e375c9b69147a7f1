"""What every runner shares: the context manager, the specifications, the checks on what is fed."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.feed import check_feed
from portproof.runtimes.spec import Array, TensorSpec

# What crosses between the processes and what the metrics understand; strings and sequences are not among
# them.
_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES = frozenset({"bool", *_INTEGERS, "float16", "float32", "float64", "complex64", "complex128"})


class BaseRunner:
    """Base of the runners: a subclass implements `run_unchecked` and `close`."""

    def __init__(self, path: Path, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]) -> None:
        for spec in (*inputs, *outputs):
            if spec.dtype not in DTYPES:
                raise PortproofError(
                    "E-RUN",
                    f"{spec.name!r} of {path.name} has the type {spec.dtype}",
                    where=str(path),
                    why="only tensors of numbers and truth values can be fed and compared",
                )
        self.path = path
        self.inputs = inputs
        self.outputs = outputs

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the model once; see `spec.Runner`."""
        check_feed(self.inputs, inputs, where=str(self.path))
        return self.run_unchecked(inputs)

    def close(self) -> None:
        """Free the model."""

    def run_unchecked(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run without the checks on what is fed: for callers that made sure, and for timing."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def refused(path: Path, runtime: str, error: Exception, doing: str) -> PortproofError:
    """``E-RUN`` for an exception of a runtime."""
    return PortproofError("E-RUN", f"{runtime} refused to {doing} {path.name}", where=str(path), why=str(error).strip())

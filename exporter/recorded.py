"""Outputs of a model over many samples, computed once and kept on disk: every target is compared with them."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from portproof.exporter.report import golden
from portproof.exporter.scratch import Scratch

Arrays = Mapping[str, NDArray[Any]]


class Recorded:
    """A folder of samples: inputs and outputs by name. Iterating gives the outputs, as often as asked.

    Attributes:
        shapes: of the inputs of each sample.
    """

    def __init__(self) -> None:
        self._folder = Scratch()
        self._count = 0
        self.shapes: list[dict[str, tuple[int, ...]]] = []

    def add(self, inputs: Arrays, outputs: Arrays) -> None:
        """Keep one more sample."""
        golden.write(self._path(self._count), inputs, outputs)
        self.shapes.append({name: array.shape for name, array in inputs.items()})
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[dict[str, NDArray[Any]]]:
        """The outputs of each sample."""
        return (outputs for _, outputs in self.samples())

    def inputs(self) -> Iterator[dict[str, NDArray[Any]]]:
        """The inputs of each sample."""
        return (inputs for inputs, _ in self.samples())

    def samples(self, most: int | None = None) -> Iterator[tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]]:
        """Inputs and outputs of each sample, of the first `most` only when given."""
        count = self._count if most is None else min(most, self._count)
        return (golden.read(self._path(number)) for number in range(count))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.close()

    def _path(self, number: int) -> Path:
        return self._folder.path / f"{number:06d}.npz"


class Reader:
    """Golden vectors that were written earlier, in the same form as `Recorded`."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = tuple(paths)

    def __len__(self) -> int:
        return len(self._paths)

    def __iter__(self) -> Iterator[dict[str, NDArray[Any]]]:
        """The outputs of each sample."""
        return (golden.read(path)[1] for path in self._paths)

    def inputs(self) -> Iterator[dict[str, NDArray[Any]]]:
        """The inputs of each sample."""
        return (golden.read(path)[0] for path in self._paths)

"""Calibration samples: checked once, read as often as steps need, one in memory at a time, a fifth held back."""

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.checks import InputStats, inspect
from portproof.runtimes.data import Dataset, load
from portproof.runtimes.images import Preprocessing
from portproof.runtimes.spec import Array, TensorSpec

Inputs: TypeAlias = Mapping[str, Array]
Data: TypeAlias = str | Path | Dataset | Iterable[Inputs]
_HELD_BACK = 5


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Checked samples.

    Attributes:
        source: as the user gave them.
        count: how many.
        stats: range and mean of each input.
        preprocessing: what was declared of images.
        read: yields them, anew at each call.
    """

    source: str
    count: int
    stats: tuple[InputStats, ...]
    preprocessing: Preprocessing | None = None
    read: Callable[[], Iterator[Inputs]]

    def __iter__(self) -> Iterator[Inputs]:
        """All samples."""
        return self.read()

    def __len__(self) -> int:
        """Their number."""
        return self.count

    def fit(self) -> Iterator[Inputs]:
        """Those that steps see: all but every fifth (of two to four all but the last; a single one)."""
        return (sample for index, sample in enumerate(self.read()) if not self._is_held_back(index) or self.count == 1)

    def held_back(self) -> Iterator[Inputs]:
        """Those that only the guard sees; a single sample has to serve both."""
        return (sample for index, sample in enumerate(self.read()) if self._is_held_back(index))

    def _is_held_back(self, index: int) -> bool:
        return index % _HELD_BACK == min(self.count, _HELD_BACK) - 1


def open_samples(data: Data, inputs: tuple[TensorSpec, ...], *, allow_constant: bool = False) -> Samples:
    """Samples of whatever calibration data are given as, all of them checked against a model's inputs.

    Args:
        data: DATA (see `runtimes.data`), a dataset, or an iterable of input dicts; what can be iterated once only
            is put on disk first.
        inputs: the model's.
        allow_constant: whether a float array may hold one value only (a state that begins at zero).

    Raises:
        PortproofError: ``E-DATA-*``, all findings together.
    """
    if isinstance(data, str | Path):
        data = load(str(data), inputs)
    if isinstance(data, Dataset):
        return Samples(
            source=data.source,
            count=data.count,
            stats=data.stats,
            preprocessing=data.preprocessing,
            read=partial(_plain, data),
        )
    if not isinstance(data, Iterable):
        raise PortproofError("E-DATA-FORMAT", f"calibration data cannot be a {type(data).__name__}")
    read = _spooled(data) if iter(data) is data else partial(_each, data)
    named = ((f"sample {index}", dict(sample)) for index, sample in enumerate(read()))
    stats, count = inspect(named, inputs, "the calibration data", allow_constant=allow_constant)
    return Samples(source="samples in memory", count=count, stats=stats, read=read)


def fingerprint(sample: Inputs) -> str:
    """SHA-256 of a sample's names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(sample):
        array = np.asarray(sample[name], order="C")
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()


def _plain(data: Dataset) -> Iterator[Inputs]:
    yield from data


def _each(data: Iterable[Inputs]) -> Iterator[Inputs]:
    for sample in data:
        if not isinstance(sample, Mapping):
            what = f"calibration data yields {type(sample).__name__}, not dicts of input name to array"
            raise PortproofError("E-DATA-FORMAT", what)
        yield {name: np.asarray(array) for name, array in sample.items()}


class _Spool:
    """Samples in a folder of its own, which goes when nobody reads them any more."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="portproof-samples-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def __call__(self) -> Iterator[Inputs]:
        for path in sorted(self.folder.iterdir()):
            with np.load(path, allow_pickle=False) as arrays:
                yield {name: arrays[name] for name in arrays.files}


def _spooled(data: Iterable[Inputs]) -> Callable[[], Iterator[Inputs]]:
    spool = _Spool()
    for index, sample in enumerate(_each(data)):
        with (spool.folder / f"{index:08}.npz").open("wb") as stream:
            np.savez(stream, **dict(sample))  # type: ignore[arg-type]  # its stub takes a name for an option
    return spool

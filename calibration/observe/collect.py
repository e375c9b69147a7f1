"""Runs a float model over samples and holds statistics of the values watched: never the values themselves.

With several processes each takes chunks of samples and gives back histograms. They merge exactly, so that the number
of processes, the size of chunks and the order in which they end change no bit. Which processes, and on which
machines, is joblib's affair: a caller's `joblib.parallel_config(backend=...)` reaches a Dask or Ray cluster.
"""

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from portproof.calibration import run
from portproof.calibration.observe import histogram
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.observe.table import Table
from portproof.calibration.samples import Inputs, fingerprint
from portproof.device_profiles.errors import PortproofError

if TYPE_CHECKING:
    import onnx_ir as ir

Histograms = dict[str, Histogram]
_CHUNK = 8


class Collector:
    """Statistics of one model's values, gathered sample by sample; `table` is right after each of them."""

    def __init__(self, model: "ir.Model", names: Iterable[str], *, table: Table | None = None) -> None:
        """Watch `names` of `model`; go on with `table` if there is one.

        Raises:
            PortproofError: ``E-CALIB-TABLE``: the table is of another model, or other values were watched.
        """
        self.names = tuple(sorted(names))
        self.data = run.to_bytes(model, self.names)
        digest = hashlib.sha256(self.data)
        digest.update("\n".join(self.names).encode())
        given = Table(model=digest.hexdigest())
        given = given if table is None else given.merged(table)
        self._model, self._samples, self._histograms = given.model, Counter(given.samples), dict(given.histograms)

    @property
    def table(self) -> Table:
        """The statistics so far."""
        return Table(model=self._model, samples=dict(self._samples), histograms=dict(sorted(self._histograms.items())))

    def take(self, tables: Mapping[str, Table]) -> None:
        """Go on with the table of this very model among several, if there is one: its samples are not run again."""
        known = tables.get(self._model)
        if known is not None:
            self._take(list(Counter(known.samples).elements()), dict(known.histograms))

    def add(self, samples: Iterable[Inputs], *, jobs: int = 1, advance: Callable[[], None] = lambda: None) -> None:
        """Watch all samples that the table does not hold yet; `advance` is called once for each of the others too.

        Raises:
            PortproofError: ``E-CALIB-NAN``: a value is NaN or infinite on a sample; ``E-RUN``.
        """
        left = self._unseen(samples, advance)
        if jobs == 1:
            running = run.session(self.data)
            for name, sample in left:
                self._take([name], _watch(running, self.names, sample))
                advance()
            return
        import joblib

        content = np.frombuffer(self.data, np.uint8)  # an array: joblib shares it between processes by itself
        work = (joblib.delayed(_watch_chunk)(content, self.names, chunk) for chunk in _chunks(left))
        for names, histograms in joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(work):
            self._take(names, histograms)
            for _ in names:
                advance()

    def _take(self, names: list[str], histograms: Histograms) -> None:
        for name, found in histograms.items():
            self._histograms[name] = histogram.merge(self._histograms.get(name, histogram.EMPTY), found)
        self._samples.update(names)

    def _unseen(self, samples: Iterable[Inputs], advance: Callable[[], None]) -> Iterator[tuple[str, Inputs]]:
        """Samples with their fingerprints; one that is there twice counts twice."""
        seen = Counter(self._samples)
        for sample in samples:
            name = fingerprint(sample)
            if seen[name] > 0:
                seen[name] -= 1
                advance()
            else:
                yield name, sample


def _chunks(samples: Iterator[tuple[str, Inputs]]) -> Iterator[list[tuple[str, Inputs]]]:
    while chunk := list(islice(samples, _CHUNK)):
        yield chunk


def _watch_chunk(
    content: NDArray[np.uint8], names: tuple[str, ...], chunk: list[tuple[str, Inputs]]
) -> tuple[list[str], Histograms]:
    """In a worker: the histograms of a chunk's samples together."""
    running = _session(content.tobytes())
    parts = [_watch(running, names, sample) for _, sample in chunk]
    merged = {name: functools.reduce(histogram.merge, (part[name] for part in parts)) for name in names}
    return [name for name, _ in chunk], merged


@functools.lru_cache(maxsize=1)
def _session(data: bytes) -> Any:
    """A worker keeps its session from chunk to chunk."""
    return run.session(data)


def _watch(running: Any, names: tuple[str, ...], sample: Inputs) -> Histograms:
    found = run.values(running, names, sample)
    return {name: _histogram(name, found) for name in names}


def _histogram(name: str, found: Mapping[str, NDArray[Any]]) -> Histogram:
    values = np.asarray(found[name], np.float32)
    ends = histogram.finite_ends(values)
    if ends is not None:
        return histogram.of(values, ends)
    raise PortproofError(
        "E-CALIB-NAN",
        f"{name!r} is NaN or infinite on a calibration sample",
        where=name,
        why="no scale can hold it",
        hint="an attention mask of -inf does this: use a finite one; else look at the sample, or at the model",
    )

"""The table of statistics: saved, merged from shards, gone on with, and tied to the model and data it is of.

One ``.npz``: ``counts`` (all histograms' int64, one behind the other) and ``header`` (JSON in UTF-8 bytes). The same
samples give the same bytes, in whatever order and shards they were seen.
"""

import hashlib
import json
import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from portproof.calibration.observe.histogram import Histogram, merge
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.whole_file import whole_file

_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Table:
    """Histograms of a model's values over samples.

    Attributes:
        model: fingerprint of the float model and of what was watched in it.
        samples: how often each sample was seen, by the fingerprint of its inputs.
        histograms: of each value watched, by name.
    """

    model: str
    samples: Mapping[str, int] = field(default_factory=dict)
    histograms: Mapping[str, Histogram] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """The number of samples."""
        return sum(self.samples.values())

    @property
    def data(self) -> str:
        """Fingerprint of the samples, whatever their order."""
        rows = "".join(f"{name} {count}\n" for name, count in sorted(self.samples.items()))
        return hashlib.sha256(rows.encode()).hexdigest()

    def merged(self, other: "Table") -> "Table":
        """The statistics of both tables' samples.

        Raises:
            PortproofError: ``E-CALIB-TABLE``: they are of different models.
        """
        if self.model != other.model:
            raise _unfit("the tables are of different models, or of different values of one")
        names = sorted({*self.histograms, *other.histograms})
        return Table(
            model=self.model,
            samples=dict(Counter(self.samples) + Counter(other.samples)),
            histograms={name: _of_both(self.histograms.get(name), other.histograms.get(name)) for name in names},
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it; what was there is replaced at once or not at all.

        Raises:
            PortproofError: ``E-OUTPUT``.
        """
        path = Path(path)
        rows = sorted(self.histograms.items())
        header = {
            "format": _FORMAT,
            "model": self.model,
            "samples": dict(sorted(self.samples.items())),
            "values": [_row(name, histogram) for name, histogram in rows],
        }
        text = np.frombuffer(json.dumps(header).encode(), np.uint8)
        counts = [histogram.counts for _, histogram in rows]
        with whole_file(path) as part, part.open("wb") as stream:
            np.savez_compressed(stream, header=text, counts=np.concatenate([*counts, np.zeros(0, np.int64)]))


def load(path: str | os.PathLike[str]) -> Table:
    """Read a table.

    Raises:
        PortproofError: ``E-FILE-MISSING``; ``E-CALIB-TABLE``: it is none, or damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise PortproofError("E-FILE-MISSING", f"there is no file {path.name}", where=str(path))
    try:
        # np.load leaves a file open that is damaged, unless it is given as a stream.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            header, counts = arrays["header"].tobytes(), arrays["counts"]
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, TypeError) as error:
        raise _unfit(f"{path.name} is no table of statistics, or damaged", str(path)) from error
    try:
        return _read(json.loads(header), counts)
    except (ValueError, KeyError, TypeError) as error:
        raise _unfit(f"{path.name} is no table of statistics, or damaged: {error}", str(path)) from error


def merge_tables(tables: Iterable[Table]) -> Table:
    """One table of several shards'; at least one. Raises as `Table.merged`."""
    return reduce(Table.merged, tables)


def _row(name: str, histogram: Histogram) -> dict[str, Any]:
    return {
        "name": name,
        "low": histogram.low.hex(),
        "high": histogram.high.hex(),
        "exponent": histogram.exponent,
        "first": histogram.first,
        "bins": len(histogram.counts),
    }


def _read(header: dict[str, Any], counts: np.ndarray[Any, Any]) -> Table:
    if header["format"] != _FORMAT:
        raise ValueError(f"format {header['format']}, {_FORMAT} is known")
    histograms, at = {}, 0
    for row in header["values"]:
        histograms[row["name"]] = Histogram(
            low=float.fromhex(row["low"]),
            high=float.fromhex(row["high"]),
            exponent=int(row["exponent"]),
            first=int(row["first"]),
            counts=counts[at : at + row["bins"]].astype(np.int64),
        )
        at += row["bins"]
    if at != len(counts):
        raise ValueError("its counts are not those of its values")
    return Table(model=header["model"], samples=header["samples"], histograms=histograms)


def _of_both(one: Histogram | None, other: Histogram | None) -> Histogram:
    if one is None or other is None:
        return one or other  # type: ignore[return-value]  # a name is in one of them at least
    return merge(one, other)


def _unfit(why: str, where: str = "") -> PortproofError:
    hint = "calibrate again, without the table"
    return PortproofError("E-CALIB-TABLE", "the calibration table cannot be used", where=where, why=why, hint=hint)

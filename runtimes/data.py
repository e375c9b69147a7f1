"""DATA: where samples come from, checked before anything is run on them.

| DATA | samples |
|---|---|
| ``sample.npz`` | one: the file's arrays, key = input name |
| ``sample.npy`` | one, for a model with exactly one input |
| ``folder/`` | one for each ``.npz`` or ``.npy`` in it, in the order of their names |
| ``photos/?size=224&...`` or ``photos.toml`` | one for each image: see `images` |
| ``file.py:function`` | those the function yields: dicts of arrays; it is called anew for every pass |

An array has the model's full shape, batch dimension included: nothing is split along a leading axis, nothing
is added. Options for any DATA, after a ``?``: ``limit=N`` takes the first N samples; ``allow=constant``
accepts arrays that hold one value only (a state that begins at zero). Refused: no sample, NaN and infinity,
wrong names, shapes, types, and samples of which a float array, or every array, holds one value only.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes import sources
from portproof.runtimes.checks import InputStats, inspect
from portproof.runtimes.images import SUFFIXES, Preprocessing, parse_preprocessing
from portproof.runtimes.spec import Array, TensorSpec

Sample = dict[str, Array]
Kind = Literal["files", "images", "function", "random"]
_ARRAYS = frozenset({".npz", ".npy"})


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Checked samples in the source's layout; iterate as often as wanted, one sample in memory at a time.

    Attributes:
        source: as the user gave it.
        kind: ``"files"``, ``"images"``, ``"function"`` or ``"random"``.
        inputs: the inputs it was checked against.
        stats: of each input over all samples.
        count: number of samples.
        preprocessing: what was declared, for images.
        read: yields each sample's name and arrays.
    """

    source: str
    kind: Kind
    inputs: tuple[TensorSpec, ...]
    stats: tuple[InputStats, ...]
    count: int
    preprocessing: Preprocessing | None = None
    read: Callable[[], Iterator[tuple[str, Sample]]]

    def __iter__(self) -> Iterator[Sample]:
        """The samples."""
        return (sample for _, sample in self.read())

    def __len__(self) -> int:
        """Number of samples."""
        return self.count

    def named(self) -> Iterator[tuple[str, Sample]]:
        """The samples with the file, or number, each came from."""
        return self.read()


def load(spec: str, inputs: Sequence[TensorSpec], *, declared: Sequence[Preprocessing] = ()) -> Dataset:
    """Open DATA and check every sample of it against a model's inputs.

    Args:
        spec: DATA.
        inputs: the model's.
        declared: how pictures become inputs, for an image folder that does not say so itself.

    Raises:
        PortproofError: ``E-FILE-MISSING``; ``E-DATA-FORMAT``, ``-EMPTY``, ``-NAME``, ``-SHAPE``, ``-DTYPE``,
            ``-NAN``, ``-CONSTANT``, all findings together; ``E-INSTALL`` for images without Pillow.
    """
    place, options = _split(spec)
    allow, limit = _allowed(options.pop("allow", ""), spec), _limit(options.pop("limit", ""), spec)
    kind, preprocessing, read = _open(place, options, tuple(inputs), spec, declared)
    limited = partial(_limited, read, limit)
    stats, count = inspect(limited(), tuple(inputs), spec, allow_constant=allow)
    return Dataset(
        source=spec,
        kind=kind,
        inputs=tuple(inputs),
        stats=stats,
        count=count,
        preprocessing=preprocessing,
        read=limited,
    )


def random_samples(inputs: Sequence[TensorSpec], count: int, seed: int) -> Dataset:
    """Seeded random samples; dimensions that are not known are 1. See `sources.random_reader` for the ranges."""
    read = sources.random_reader(tuple(inputs), count, seed)
    name = f"random (seed {seed})"
    stats, found = inspect(read(), tuple(inputs), name, allow_constant=True)
    return Dataset(source=name, kind="random", inputs=tuple(inputs), stats=stats, count=found, read=read)


def summary(dataset: Dataset) -> list[str]:
    """What is printed of a dataset: its count, then range and mean of each input, a line each."""
    plural = "" if dataset.count == 1 else "s"
    ranges = [f"{s.spec}  min {s.low:.4g}  max {s.high:.4g}  mean {s.mean:.4g}" for s in dataset.stats]
    return [f"{dataset.count} sample{plural} from {dataset.source}", *ranges]


_Reader = Callable[[], Iterator[tuple[str, Sample]]]


def _open(
    place: str,
    options: dict[str, str],
    inputs: tuple[TensorSpec, ...],
    spec: str,
    declared: Sequence[Preprocessing],
) -> tuple[Kind, Preprocessing | None, _Reader]:
    file, colon, function = place.rpartition(":")
    if colon and file.endswith(".py"):
        _no_options(options, spec)
        return "function", None, partial(sources.read_function, sources.require(Path(file)), function)
    path = sources.require(Path(place))
    if path.suffix.lower() == ".toml":
        _no_options(options, spec)
        path, keys = _toml(path)
        return _images(path, keys, inputs, spec)
    if path.is_file() and path.suffix.lower() in _ARRAYS:
        _no_options(options, spec)
        return "files", None, partial(sources.read_arrays, [path], inputs)
    if path.is_dir():
        arrays = _members(path, _ARRAYS)
        if arrays and not options:
            return "files", None, partial(sources.read_arrays, arrays, inputs)
        return _images(path, options, inputs, spec, declared)
    if path.suffix.lower() in SUFFIXES:
        return _images(path, options, inputs, spec, declared)
    raise _format(spec, f"{path.name} is none of .npz, .npy, .toml, a folder, an image, file.py:function")


def _images(
    path: Path,
    options: Mapping[str, Any],
    inputs: tuple[TensorSpec, ...],
    spec: str,
    given: Sequence[Preprocessing] = (),
) -> tuple[Kind, Preprocessing | None, _Reader]:
    files = [path] if path.is_file() else _members(path, SUFFIXES)
    if not files:
        what = f"{spec} holds no .npz, .npy or image file"
        raise PortproofError("E-DATA-EMPTY", what, where=str(path))
    declared = given[0] if len(given) == 1 and not options else parse_preprocessing(options, spec)
    return "images", declared, partial(sources.read_images, files, declared, inputs)


def _members(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_file() and entry.suffix.lower() in suffixes)


def _toml(path: Path) -> tuple[Path, dict[str, Any]]:
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _format(str(path), f"it is not TOML: {error}") from error
    folder = declared.pop("folder", None)
    if not isinstance(folder, str):
        raise _format(str(path), 'it names no folder (folder = "photos")')
    return sources.require(path.parent / folder), declared


def _split(spec: str) -> tuple[str, dict[str, str]]:
    """The place and the options of DATA; a place that exists as written has none."""
    place, mark, query = spec.rpartition("?")
    if not mark or Path(spec).exists():
        return spec, {}
    try:
        return place, dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True))
    except ValueError as error:
        raise _format(spec, f"what follows the ? is not key=value&key=value ({error})") from error


def _allowed(value: str, spec: str) -> bool:
    if value not in ("", "constant"):
        raise _format(spec, f"allow={value}: only allow=constant is known")
    return bool(value)


def _limit(value: str, spec: str) -> int | None:
    if not value:
        return None
    if not value.isdecimal() or int(value) < 1:
        raise _format(spec, f"limit={value} is not a count of samples")
    return int(value)


def _limited(read: _Reader, limit: int | None) -> Iterator[tuple[str, Sample]]:
    return islice(read(), limit)


def _no_options(options: Mapping[str, str], spec: str) -> None:
    if options:
        raise _format(spec, f"{', '.join(options)}: only image folders take options other than limit and allow")


def _format(spec: str, why: str) -> PortproofError:
    return PortproofError("E-DATA-FORMAT", f"the data {spec} cannot be read", where=spec, why=why)

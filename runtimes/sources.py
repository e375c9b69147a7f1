"""Readers of samples: array files, images, a function of the user's, random numbers."""

import importlib.util
import traceback
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.feed import near_matches
from portproof.runtimes.images import Preprocessing, load_image
from portproof.runtimes.spec import Array, TensorSpec

Sample = dict[str, Array]
Named = tuple[str, Sample]


def require(path: Path) -> Path:
    """The path itself; ``E-FILE-MISSING``, with near matches, when nothing is there."""
    if path.exists():
        return path
    near = near_matches(path.name, sorted(p.name for p in path.parent.iterdir())) if path.parent.is_dir() else []
    hint = f"did you mean {' or '.join(near)}?" if near else ""
    raise PortproofError("E-FILE-MISSING", f"there is no file or folder {path.name}", where=str(path), hint=hint)


def read_arrays(files: Iterable[Path], inputs: tuple[TensorSpec, ...]) -> Iterator[Named]:
    """One sample a file: the arrays of an ``.npz``, or the one array of an ``.npy``."""
    for path in files:
        loaded = _load(path)
        if isinstance(loaded, dict):
            yield str(path), loaded
        elif len(inputs) == 1:
            yield str(path), {inputs[0].name: loaded}
        else:
            raise PortproofError(
                "E-DATA-NAME",
                f"{path.name} holds one array without a name, the model has {len(inputs)} inputs",
                where=str(path),
                hint=f"write an .npz with the names {', '.join(spec.name for spec in inputs)}",
            )


def read_images(files: Iterable[Path], declared: Preprocessing, inputs: tuple[TensorSpec, ...]) -> Iterator[Named]:
    """One sample an image, for the input that `declared` names, or the only one."""
    names = [spec.name for spec in inputs]
    name = declared.input or (names[0] if len(names) == 1 else "")
    if name not in names:
        raise PortproofError(
            "E-DATA-NAME",
            f"{name!r} is not an input of the model" if name else "the model has several inputs",
            why=f"its inputs are {', '.join(names)}",
            hint="say which one gets the image: input=NAME",
        )
    dtype = inputs[names.index(name)].dtype
    for path in files:
        yield str(path), {name: load_image(path, declared, dtype)}


def read_function(path: Path, function: str) -> Iterator[Named]:
    """What a function of a Python file yields: dicts of arrays.

    Raises:
        PortproofError: ``E-DATA-FORMAT`` with the user's own line when it raises, or does not yield dicts.
    """
    place = f"{path}:{function}"
    try:
        for number, sample in enumerate(_function(path, function)()):
            yield f"{place}, sample {number}", _as_sample(sample, place)
    except PortproofError:
        raise
    except Exception as error:  # the user's code may raise anything
        raise _unreadable(place, f"{type(error).__name__}: {error}", _line(error, path)) from error


def random_reader(inputs: tuple[TensorSpec, ...], count: int, seed: int) -> Callable[[], Iterator[Named]]:
    """Seeded samples, the same in every pass.

    Floats are normal (mean 0, deviation 1), truth values fair, bytes over their whole range (pixels), wider
    whole numbers in 0..7: small enough to be an index or a token of most models.
    """

    def read() -> Iterator[Named]:
        for number in range(count):
            chance = np.random.default_rng([seed, number])
            sample = {spec.name: _random(spec, chance) for spec in inputs}
            yield f"random sample {number}", sample

    return read


def _load(path: Path) -> Array | Sample:
    try:
        with path.open("rb") as stream:  # np.load leaves a file open that is no archive after all
            loaded = np.load(stream, allow_pickle=False)
            if not isinstance(loaded, np.lib.npyio.NpzFile):
                return np.asarray(loaded)
            with loaded:
                return {name: loaded[name] for name in loaded.files}
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile, KeyError, NotImplementedError) as error:
        pickled = "pickle" in str(error).lower()
        raise _unreadable(
            str(path),
            "it holds Python objects, which are not loaded: that would run code" if pickled else str(error),
            str(path),
        ) from error


def _function(path: Path, function: str) -> Callable[[], Iterable[Any]]:
    specification = importlib.util.spec_from_file_location(f"portproof_data_{path.stem}", path)
    if specification is None or specification.loader is None:
        raise _unreadable(str(path), "it is not a Python file", str(path))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    found = getattr(module, function, None)
    if not callable(found):
        near = near_matches(function, [name for name in vars(module) if callable(getattr(module, name))])
        hint = f"did you mean {near[0]}?" if near else ""
        raise PortproofError("E-DATA-FORMAT", f"{path.name} has no function {function!r}", where=str(path), hint=hint)
    return found  # type: ignore[no-any-return]


def _as_sample(sample: Any, place: str) -> Sample:
    if not isinstance(sample, Mapping):
        why = f"it yields {type(sample).__name__}, not dicts of input name to array"
        raise _unreadable(place, why, place)
    return {str(name): np.asarray(value) for name, value in sample.items()}


def _line(error: Exception, path: Path) -> str:
    """The user's line that raised: the innermost frame in their file."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == path]
    return f"{path}:{frames[-1].lineno}" if frames else str(path)


def _random(spec: TensorSpec, chance: np.random.Generator) -> Array:
    shape = tuple(1 if size is None else size for size in spec.source_shape)
    dtype = np.dtype(spec.dtype)
    if dtype.kind == "b":
        return chance.integers(2, size=shape).astype(dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        low, high = (limits.min, limits.max) if dtype.itemsize == 1 else (0, 7)
        return chance.integers(low, high, size=shape, endpoint=True).astype(dtype)
    values = chance.standard_normal(size=shape)
    if dtype.kind == "c":
        values = values + 1j * chance.standard_normal(size=shape)
    return np.asarray(values, dtype)


def _unreadable(what: str, why: str, where: str) -> PortproofError:
    return PortproofError("E-DATA-FORMAT", f"the data {what} cannot be read", where=where, why=why)

"""Which runtime runs which file. A new one is its adapter and one row here."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.feed import near_matches
from portproof.runtimes.options import RunOptions
from portproof.runtimes.spec import Runner

Opener = Callable[[Path, RunOptions], Runner]


@dataclass(frozen=True, kw_only=True)
class Format:
    """One model format.

    Attributes:
        name: of the runtime, as messages show it.
        suffixes: of its files, in lower case.
        magic: bytes that mark a file of any name; empty when the format has none.
        offset: where in the file they stand.
        adapter: ``module:class``, constructed as ``(path, options)``.
    """

    name: str
    suffixes: tuple[str, ...]
    adapter: str
    magic: bytes = b""
    offset: int = 0


COREML = "Core ML emulator"
COREAI = "Core AI"
FORMATS = (
    Format(
        name="LiteRT",
        suffixes=(".tflite", ".lite"),
        magic=b"TFL3",
        offset=4,
        adapter="portproof.runtimes.litert:LiteRTRunner",
    ),
    Format(
        name="ONNX Runtime",
        suffixes=(".onnx", ".ort"),
        magic=b"ORTM",
        offset=4,
        adapter="portproof.runtimes.onnxruntime_adapter:OnnxRuntimeRunner",
    ),
    Format(
        name=COREML,
        suffixes=(".mlpackage", ".mlmodel"),
        adapter="portproof.runtimes.coreml.runner:CoreMLRunner",
    ),
    Format(
        name=COREAI,
        suffixes=(".aimodel",),
        adapter="portproof.runtimes.coreai_adapter:CoreAIRunner",
    ),
)


def find_format(path: Path) -> Format:
    """The format of a file, by its suffix, else by its first bytes.

    Raises:
        PortproofError: ``E-FILE-MISSING``, with near matches; ``E-MODEL-FORMAT`` when no runtime knows the
        file.
    """
    if not path.exists():
        raise _missing(path)
    for known in FORMATS:
        if path.suffix.lower() in known.suffixes:
            return known
    for known in FORMATS:
        if known.magic and _magic(path, known) == known.magic:
            return known
    raise PortproofError(
        "E-MODEL-FORMAT",
        f"no runtime knows the format of {path.name}",
        where=str(path),
        hint=f"known are {', '.join(suffix for known in FORMATS for suffix in known.suffixes)}",
    )


def open_here(path: Path, options: RunOptions) -> Runner:
    """The runner of a file, in this process."""
    module, _, name = find_format(path).adapter.partition(":")
    return cast(Opener, getattr(importlib.import_module(module), name))(path, options)


def _magic(path: Path, known: Format) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as stream:
        stream.seek(known.offset)
        return stream.read(len(known.magic))


def _missing(path: Path) -> PortproofError:
    folder = path.parent
    near = near_matches(path.name, sorted(entry.name for entry in folder.iterdir())) if folder.is_dir() else []
    return PortproofError(
        "E-FILE-MISSING",
        f"there is no file {path.name}",
        where=str(path),
        hint=f"did you mean {' or '.join(near)}?" if near else "",
    )

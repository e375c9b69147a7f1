"""Finds the model file: in a package by its `Manifest.json`, or the file itself."""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.faults import damaged, shown, unsupported
from portproof.runtimes.coreml.weights import inside

MANIFEST = "Manifest.json"
_MAX_BYTES = 1 << 20
_COMPILED = ("coremldata.bin", "model.mil")


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """Where a model lies.

    Attributes:
        path: of its protobuf file.
        folder: what ``@model_path`` stands for.
        package: the folder that nothing of it may lie outside of.
    """

    path: Path
    folder: Path
    package: Path


def locate(path: Path) -> ModelFile:
    """The model file of a `.mlpackage` folder, or of a bare `.mlmodel` file.

    Raises:
        PortproofError: ``E-FILE-MISSING``.
        FaultError: ``E-MODEL-FORMAT`` where the manifest is damaged, ``E-MODEL-EXTERNAL`` where it leads elsewhere,
            ``E-MODEL-UNSUPPORTED`` for a compiled model.
    """
    if path.is_file():
        return ModelFile(path=path, folder=path.parent, package=path.parent)
    if not path.is_dir():
        raise PortproofError("E-FILE-MISSING", f"there is no file or folder {path.name}", where=str(path))
    if not (path / MANIFEST).is_file():
        _refuse_folder(path)
    root = _root_path(_manifest(path))
    named, package = path.joinpath("Data", *root.parts), path.resolve()
    return ModelFile(path=inside(named, package, "the model file"), folder=named.parent, package=package)


def _refuse_folder(path: Path) -> NoReturn:
    if any((path / name).exists() for name in _COMPILED):
        raise unsupported(
            "it is compiled for a device; only Apple's systems read that form",
            hint="give the .mlpackage that it was compiled from",
        )
    raise damaged(f"it is a folder without {MANIFEST}", hint="give the .mlpackage folder itself")


def _manifest(path: Path) -> dict[str, Any]:
    # Through links too, the manifest has to be the package's own.
    file = inside(path / MANIFEST, path.resolve(), f"the file {MANIFEST}")
    if file.stat().st_size > _MAX_BYTES:
        raise damaged(f"{MANIFEST} has more than {_MAX_BYTES} bytes")
    try:
        manifest = json.loads(file.read_bytes(), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise damaged(f"{MANIFEST} is not readable JSON ({type(error).__name__})") from error
    if not isinstance(manifest, dict):
        raise damaged(f"{MANIFEST} is not a JSON object")
    return manifest


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _root_path(manifest: dict[str, Any]) -> PurePosixPath:
    """The path of the root model below the folder ``Data``."""
    version = manifest.get("fileFormatVersion")
    if not isinstance(version, str) or version.split(".")[0] != "1":
        raise unsupported(f"{MANIFEST} is of format version {shown(str(version))}; known is 1")
    items, root = manifest.get("itemInfoEntries"), manifest.get("rootModelIdentifier")
    if not isinstance(items, dict) or not isinstance(root, str) or root not in items:
        raise damaged(f"{MANIFEST} does not say which item is the model")
    return {name: _item_path(item) for name, item in items.items()}[root]


def _item_path(item: Any) -> PurePosixPath:
    path = item.get("path") if isinstance(item, dict) else None
    if not isinstance(path, str):
        raise damaged(f"{MANIFEST} has an item without a path")
    parts = PurePosixPath(path)
    if not parts.parts or parts.is_absolute() or ".." in parts.parts or "\0" in path:
        raise damaged(f"{MANIFEST} has an item at {shown(path)}, which is not inside of the package")
    return parts

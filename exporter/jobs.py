"""What there is to verify: folders with a manifest, and single model files."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from portproof import runtimes
from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.onnx_io import require_file
from portproof.exporter.report.files import MANIFEST, read_manifest, sha256
from portproof.exporter.report.manifest import Manifest
from portproof.exporter.report.parts import File
from portproof.runtimes.options import DEFAULT_SIGNATURE


@dataclass(frozen=True, kw_only=True)
class Run:
    """One function of one model file.

    Attributes:
        path: the file.
        key: the name of the function; ``serving_default`` where the file says none.
        signature: what to ask the runtime for: empty unless the file holds several.
    """

    path: Path
    key: str = DEFAULT_SIGNATURE
    signature: str = ""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Model files, and golden vectors that they can be compared with.

    Attributes:
        runs: what to run.
        vectors: the golden vectors beside them, by function; empty when there are none.
        failed: ``E-GATE-FILES`` for each file that is missing or differs from its manifest.
        checked_files: how many were compared with their sums.
    """

    runs: tuple[Run, ...]
    vectors: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    failed: tuple[Message, ...] = ()
    checked_files: int = 0


def jobs(paths: Sequence[Path], *, need_golden: bool) -> list[Job]:
    """One job a path.

    Args:
        paths: folders that `export` wrote, and model files (a Core ML package is a folder too).
        need_golden: whether there is nothing else to compare with.

    Raises:
        PortproofError: ``E-FILE-MISSING``; ``E-CONFIG`` for a damaged manifest; ``E-USAGE`` when a file has nothing
            to be compared with. What is wrong with any path comes together.
    """
    found: list[Job] = []
    wrong: list[Message] = []
    for path in paths:
        try:
            found.append(_folder(path) if path.is_dir() and not is_package(path) else _file(path, need_golden))
        except PortproofError as error:
            wrong += error.messages
    if wrong:
        raise PortproofError.of(wrong)
    return found


def _folder(folder: Path) -> Job:
    manifest = read_manifest(folder)
    failed = {file.path: why for file in manifest.files if (why := _fault(folder, file))}
    return Job(
        runs=tuple(run for run in _runs(folder, manifest) if run.path.exists()),
        vectors=_vectors(folder, manifest, set(failed)),
        failed=tuple(_differs(folder / name, why) for name, why in failed.items()),
        checked_files=len(manifest.files),
    )


def _file(path: Path, need_golden: bool) -> Job:
    """A model file; it has the golden vectors of the folder it was exported into."""
    if not is_package(path):
        require_file(path)
    folder = path.resolve().parent
    if (folder / MANIFEST).is_file():
        manifest = read_manifest(folder)
        faults = {file.path for file in manifest.files if file.role == "golden" and _fault(folder, file)}
        runs = tuple(run for run in _runs(folder, manifest) if run.path.name == path.name)
        if runs:
            return Job(runs=runs, vectors=_vectors(folder, manifest, faults))
    if need_golden:
        raise PortproofError(
            "E-USAGE",
            f"there is nothing to compare {path.name} with",
            where=str(path),
            why="it does not lie in a folder that `portproof export` wrote, with its golden vectors",
            hint="name the model it was made from: --ref MODEL",
        )
    return Job(runs=tuple(_runs_of(path)))


def is_package(path: Path) -> bool:
    """Whether it is the folder of a Core ML package, or of a Core AI asset."""
    return path.is_dir() and path.suffix.lower() in (".mlpackage", ".aimodel")


def _runs_of(path: Path) -> Iterator[Run]:
    """Every function of a file that no manifest lists."""
    keys = runtimes.signatures(path)
    if len(keys) < 2:
        yield Run(path=path)
    else:
        yield from (Run(path=path, key=key, signature=key) for key in keys)


def _runs(folder: Path, manifest: Manifest) -> Iterator[Run]:
    """Every function of every file of a manifest."""
    functions = Counter(target.file for target in manifest.targets)
    for target in manifest.targets:
        key = target.signature_key
        yield Run(path=folder / target.file, key=key, signature=key if functions[target.file] > 1 else "")


def _vectors(folder: Path, manifest: Manifest, damaged: set[str]) -> dict[str, tuple[Path, ...]]:
    named = {function.signature_key: function.golden for function in manifest.functions}
    found = named or {target.signature_key: manifest.golden for target in manifest.targets}
    return {key: tuple(folder / name for name in names if name not in damaged) for key, names in found.items()}


def _fault(folder: Path, file: File) -> str:
    """What is wrong with a file of a manifest; empty when nothing is."""
    path = folder / file.path
    if not path.resolve().is_relative_to(folder.resolve()):
        return "the manifest names a place outside its folder"
    if not path.is_file():
        return "it is missing"
    size = path.stat().st_size
    if size != file.bytes:
        return f"it has {size} bytes, the manifest says {file.bytes}"
    return "" if sha256(path) == file.sha256 else "its sha256 differs"


def _differs(path: Path, why: str) -> Message:
    return Message(
        code="E-GATE-FILES",
        what=f"{path.name} is not the file that was exported",
        where=str(path),
        why=why,
        hint="export again, or copy the folder again, whole",
    )

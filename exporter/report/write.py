"""Write the documents, the golden vectors and the label files of a finished export, and list all files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.report import golden
from portproof.exporter.report.facts import Facts, FunctionFacts
from portproof.exporter.report.files import GOLDEN, MANIFEST, REPORT, entry, write_json
from portproof.exporter.report.fill_manifest import fill_manifest
from portproof.exporter.report.fill_report import fill_report
from portproof.exporter.report.manifest import Manifest
from portproof.exporter.report.parts import File
from portproof.exporter.report.report import Report

if TYPE_CHECKING:
    from portproof.exporter.recorded import Recorded

GOLDEN_SAMPLES = 4


def write(folder: Path, facts: Facts) -> tuple[Report, Manifest]:
    """Write `golden/`, label files, `report.json` and `manifest.json` into the folder that holds the models."""
    vectors = _write_golden(folder, facts.functions)
    models = _model_files(folder, facts)
    report = fill_report(facts, models)
    write_json(folder / REPORT, report)
    others = [
        *(entry(folder, path, "labels") for path in _write_labels(folder, facts)),
        entry(folder, folder / REPORT, "report"),
        *(entry(folder, path, "golden") for paths in vectors.values() for path in paths),
    ]
    names = {key: [path.relative_to(folder).as_posix() for path in paths] for key, paths in vectors.items()}
    manifest = fill_manifest(facts, (*models, *others), names)
    write_json(folder / MANIFEST, manifest)
    return report, manifest


def _write_golden(folder: Path, functions: Mapping[str, FunctionFacts]) -> dict[str, list[Path]]:
    """The vectors of each function; those of several in folders of their own."""
    alone = len(functions) == 1
    places = {key: folder / GOLDEN if alone else folder / GOLDEN / key for key in functions}
    return {key: _write_vectors(places[key], function.recorded) for key, function in functions.items()}


def _write_vectors(folder: Path, recorded: "Recorded") -> list[Path]:
    folder.mkdir(parents=True)
    paths = []
    for number, (inputs, outputs) in enumerate(recorded.samples(GOLDEN_SAMPLES)):
        paths.append(folder / f"{number:03d}.npz")
        golden.write(paths[-1], inputs, outputs)
    return paths


def _write_labels(folder: Path, facts: Facts) -> list[Path]:
    """The label files.

    Raises:
        PortproofError: ``E-USAGE``: one has the name of another file of the result.
    """
    files = {each.labels.file: each.labels.data for each in facts.declared.labels}
    for name, data in files.items():
        if name in (REPORT, MANIFEST) or (folder / name).exists():
            raise PortproofError("E-USAGE", f"--labels: a file named {name} is part of the result", hint="rename it")
        (folder / name).write_bytes(data)
    return [folder / name for name in files]


def _model_files(folder: Path, facts: Facts) -> tuple[File, ...]:
    return tuple(entry(folder, path, role, file.target) for file in facts.files for path, role in _parts(file.paths))


def _parts(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """The files of a model with their roles; a Core ML package is a folder of them."""
    for count, path in enumerate(paths):
        if path.is_dir():
            files = sorted(part for part in path.rglob("*") if part.is_file())
            yield from ((part, "weights" if part.parent.name == "weights" else "model") for part in files)
        else:
            yield path, "weights" if count else "model"

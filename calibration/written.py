"""Writes a plan as a QDQ model beside its place, runs it as an app would, and only then moves it there."""

import os
from collections.abc import Callable
from pathlib import Path

from portproof import runtimes
from portproof.calibration import accuracy, run
from portproof.calibration.accuracy import Accuracy
from portproof.calibration.dialect import adapt
from portproof.calibration.workspace import Workspace
from portproof.calibration.write import write
from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.integer_kernels import KernelRules
from portproof.runtimes.whole_file import require_writable, whole_file


def check_places(source: Path, path: Path, table: str | os.PathLike[str] | None) -> None:
    """Refuse what could not be written, or would cost the float model, before anything is computed.

    Raises:
        PortproofError: ``E-OUTPUT``.
    """
    if path.suffix != ".onnx":
        what = f"{path.name} is no name of an ONNX file, which is what quantizing writes"
        hint = f"-o {path.with_suffix('.onnx')}; `portproof export` makes the other formats of it"
        raise PortproofError("E-OUTPUT", what, where=str(path), hint=hint)
    for place in (path, *([] if table is None else [Path(table)])):
        if place.exists() and source.exists() and place.samefile(source):
            what = f"{place.name} is the float model, which is kept"
            raise PortproofError("E-OUTPUT", what, where=str(place), hint="name another file")
        require_writable(place)


def written(workspace: Workspace, path: Path, rules: KernelRules, accept: Callable[[Accuracy], None]) -> Accuracy:
    """Write the workspace's plan to `path`, as the unit takes it best; what it reaches, on the samples held back.

    It is run by ONNX Runtime as it comes, integer kernels and all. What was at `path` stays where anything fails, and
    where `accept` refuses what is reached.

    Raises:
        PortproofError: ``E-OUTPUT``; ``E-MODEL-*``, ``E-RUN``: what was written does not load or run.
    """
    with whole_file(path) as part:
        part.write_bytes(run.to_bytes(adapt(write(workspace.model, workspace.plan), rules)))
        proven = _proven(part, workspace)
        accept(proven)
        return proven


def _proven(path: Path, workspace: Workspace) -> Accuracy:
    wanted = workspace.wanted()
    with runtimes.open(path, isolated=False) as runner:
        return accuracy.compare(wanted, (runner.run(sample) for sample in workspace.held_back()))

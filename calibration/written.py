"""Writes a plan as a QDQ model beside its place, runs it as an app would, and only then moves it there."""

from pathlib import Path

from portproof import runtimes
from portproof.calibration import accuracy, run
from portproof.calibration.accuracy import Accuracy
from portproof.calibration.dialect import adapt
from portproof.calibration.workspace import Workspace
from portproof.calibration.write import write
from portproof.device_profiles.integer_kernels import KernelRules
from portproof.runtimes.whole_file import whole_file


def written(workspace: Workspace, path: Path, rules: KernelRules) -> Accuracy:
    """Write the workspace's plan to `path`, as the unit takes it best; what it reaches, on the samples held back.

    It is run by ONNX Runtime as it comes, integer kernels and all. What was at `path` stays where anything fails.

    Raises:
        PortproofError: ``E-OUTPUT``; ``E-MODEL-*``, ``E-RUN``: what was written does not load or run.
    """
    with whole_file(path) as part:
        part.write_bytes(run.to_bytes(adapt(write(workspace.model, workspace.plan), rules)))
        return _proven(part, workspace)


def _proven(path: Path, workspace: Workspace) -> Accuracy:
    wanted = workspace.wanted()
    with runtimes.open(path, isolated=False) as runner:
        return accuracy.compare(wanted, (runner.run(sample) for sample in workspace.held_back()))

"""ONNX to a Core AI asset: lowering, then bytes that are the same every time."""

import json
from pathlib import Path

import onnx_ir as ir

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreai.lower import lower
from portproof.exporter.lowering import patterns
from portproof.exporter.noise import captured
from portproof.runtimes.coreai_adapter import summary

SUFFIX = ".aimodel"


def write_model(model: ir.Model, path: Path) -> dict[str, int]:
    """Lowers a simplified ONNX model and writes it as an asset.

    Args:
        model: shapes known; functions inlined.
        path: the `.aimodel` folder to write; must not exist.

    Returns:
        How many operators of each kind the asset has, constants aside, sorted by name.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED`` with one message for each node that cannot be written; ``E-OUTPUT``.
    """
    if path.suffix != SUFFIX or path.exists():
        why = "there is something already" if path.exists() else f"its name does not end in {SUFFIX}"
        raise PortproofError("E-OUTPUT", f"{path.name} cannot be written", where=str(path), why=why)
    from coreai.authoring import AIProgram

    with captured():
        module = lower(patterns.recognised(model))
        AIProgram(module).save_asset(path)
    _undate(path / "metadata.json")
    return operators(path)


def operators(path: Path) -> dict[str, int]:
    """Count of an asset's operators by Core AI's names, constants aside, sorted by name."""
    counts = dict(summary(path).operation_distribution)
    counts.pop("constant", None)
    return dict(sorted(counts.items()))


def _undate(path: Path) -> None:
    """Removes the date, and sorts what Swift writes in the order of its hashes."""
    record = json.loads(path.read_text())
    record.pop("creationDate", None)
    path.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")

"""What `check` says of Hexagon HTP, held against Qualcomm's compiler on its emulator.

PORTPROOF_QNN_PYTHON names an interpreter with onnxruntime-qnn 2.7.0, a plugin provider for ONNX Runtime.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import onnx
import onnx_ir as ir
import pytest
from tests.conformance import single_ops

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.op_rules.judge import judge
from portproof.device_profiles.op_rules.load import load
from portproof.exporter.check.onnx_operators import operators_of
from portproof.exporter.check.synthetic import quantized
from portproof.exporter.onnx_io import load as read
from portproof.exporter.simplify.pipeline import run_passes

pytestmark = pytest.mark.conformance
_LEAST = 0.97
_ARCH, _SOC = 73, 43
"""Snapdragon 8 Gen 2."""
_MOST_S = 600
"""Of one network, or of all single operators."""
_SMALL_BYTES = 10_000_000
_CHILD = Path(__file__).with_name("qnn_child.py")


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter that onnxruntime-qnn is installed for."""
    found = os.environ.get("PORTPROOF_QNN_PYTHON", "")
    if not Path(found).is_file():
        pytest.skip("set PORTPROOF_QNN_PYTHON to an interpreter with onnxruntime-qnn 2.7.0")
    return Path(found)


@pytest.mark.parametrize("int8", [False, True])
def test_single_operators(python: Path, int8: bool, tmp_path: Path) -> None:
    models = {case.name: ir.serde.deserialize_model(case.model()) for case in single_ops.cases()}
    found = _compared(python, models, int8, tmp_path)
    assert found.compiled >= 60
    assert found.same >= _LEAST * found.total


@pytest.mark.parametrize("int8", [False, True])
def test_networks(python: Path, networks: list[Path], int8: bool, tmp_path: Path) -> None:
    found = _compared(python, {path.stem: read(path) for path in networks}, int8, tmp_path)
    assert found.compiled == len(networks)
    assert found.same >= _LEAST * found.total


class Found(NamedTuple):
    """How many models Qualcomm's compiler took, of their nodes how many it placed, and how many as our rules say."""

    compiled: int
    total: int
    same: int


def _compared(python: Path, models: dict[str, ir.Model], int8: bool, folder: Path) -> Found:
    paths = {name: path for name, model in models.items() if (path := _written(name, model, int8, folder)) is not None}
    found = _placed(python, list(paths.values()))
    same = total = unplaced = compiled = 0
    lines = []
    for name, path in paths.items():
        placement = found[str(path)]
        if isinstance(placement, str):
            lines.append(f"{name}: does not compile: {placement[:120]}")
            continue
        compiled += 1
        where = {_bare(node): provider == "QNN" for provider, nodes in placement.items() for node, _ in nodes}
        for operator in operators_of(read(path)):
            if operator.facts.name not in where:
                unplaced += 1
                continue
            theirs, ours = where[operator.facts.name], judge(load("qnn-htp"), operator.facts, {"htp_arch": _ARCH})
            total += 1
            same += theirs == ours.taken
            if theirs != ours.taken:
                lines.append(f"{name}: {operator.facts.op}: QNN {'takes' if theirs else 'refuses'} it; {ours.reasons}")
    print(f"{same} of {total} nodes alike, {compiled} models, {unplaced} nodes folded away", *lines, sep="\n  ")
    return Found(compiled=compiled, total=total, same=same)


def _bare(name: str) -> str:
    """The provider names nodes anew when it changes their layout."""
    return name.partition("_token_")[0]


def _written(name: str, model: ir.Model, int8: bool, folder: Path) -> Path | None:
    """The model with a name for every node; None where it cannot be quantized, or has nothing to quantize."""
    model = run_passes(model)
    try:
        model = quantized(model, "qnn-htp") if int8 else model
    except PortproofError:
        return None
    if int8 and not any(node.op_type == "QuantizeLinear" for node in model.graph):
        return None
    for index, node in enumerate(model.graph):
        node.name = node.name or f"{node.op_type}_{index}"
    path = folder / f"{name}.onnx"
    onnx.save(ir.serde.serialize_model(model), path)
    return path


def _placed(python: Path, paths: list[Path]) -> dict[str, Any]:
    """By path; a network that the compiler is not done with in time is named, and takes nothing of the others'."""
    if sum(path.stat().st_size for path in paths) < _SMALL_BYTES:
        return _run(python, paths)
    found: dict[str, Any] = {}
    for path in paths:
        try:
            found |= _run(python, [path])
        except subprocess.TimeoutExpired:
            found[str(path)] = f"not within {_MOST_S} s"
    return found


def _run(python: Path, paths: list[Path]) -> dict[str, Any]:
    command = [str(python), str(_CHILD), str(_ARCH), str(_SOC), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_MOST_S, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result

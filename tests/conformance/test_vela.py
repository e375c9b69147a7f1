"""What `check` says of Ethos-U, held against Arm's compiler: PORTPROOF_VELA_PYTHON names an interpreter with Vela."""

import os
from collections.abc import Iterator
from pathlib import Path

import onnx_ir as ir
import pytest
from tests.conformance import single_ops, vela

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.op_rules.judge import judge
from portproof.device_profiles.op_rules.load import load
from portproof.exporter.check.operators import Operator
from portproof.exporter.check.synthetic import quantized
from portproof.exporter.check.tflite_operators import operators_of
from portproof.exporter.onnx_io import load as read
from portproof.exporter.simplify.pipeline import run_passes
from portproof.exporter.tflite.conversion import lower_function, write_functions
from portproof.runtimes import tflite_schema

pytestmark = pytest.mark.conformance
_LEAST = 0.97
_PLACEMENTS = ("ethos-u", "litert-reference")
"""Whose integer kernels a model is quantized for: all of TFLite's give Vela more to refuse."""


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter that Vela is installed for."""
    found = os.environ.get("PORTPROOF_VELA_PYTHON", "")
    if not Path(found).is_file():
        pytest.skip("set PORTPROOF_VELA_PYTHON to an interpreter with ethos-u-vela 5.2.0")
    return Path(found)


@pytest.mark.parametrize("placement", _PLACEMENTS)
@pytest.mark.parametrize("rules", vela.CONFIGURATIONS)
def test_single_operators(python: Path, rules: str, placement: str, tmp_path: Path) -> None:
    models = {case.name: ir.serde.deserialize_model(case.model()) for case in single_ops.cases()}
    _hold(python, rules, placement, models, tmp_path, least_models=60)


@pytest.mark.parametrize("rules", vela.CONFIGURATIONS)
def test_networks(python: Path, networks: list[Path], rules: str, tmp_path: Path) -> None:
    _hold(python, rules, "ethos-u", {path.stem: read(path) for path in networks}, tmp_path, least_models=1)


def _hold(
    python: Path, rules: str, placement: str, models: dict[str, ir.Model], folder: Path, *, least_models: int
) -> None:
    """Holds every operator of every model against Vela; what cannot be quantized, and what Vela breaks on, is named."""
    lines, written = [], dict[Path, list[Operator]]()
    for name, model in models.items():
        try:
            path, operators = _written(name, placement, model, folder)
        except PortproofError as error:
            lines.append(f"{name}: {error.messages[0].what}")
        else:
            written[path] = operators
    same = total = compiled = 0
    for path, refused in vela.refused(python, list(written), rules).items():
        if isinstance(refused, str):
            lines.append(f"{path.stem}: Vela broke: {refused.strip()[-200:]}")
            continue
        compiled += 1
        for made, operator in _named(path, written[path]):
            theirs, ours = made not in refused, judge(load(rules), operator.facts)
            total += 1
            same += theirs == ours.taken
            if theirs != ours.taken:
                why = "taken" if theirs else refused[made].why
                lines.append(f"{path.stem}: {operator.facts.op} {made}: Vela: {why}; check: {ours.reasons}")
    print(f"{rules}, placed for {placement}: {same} of {total} operators alike, {compiled} models", *lines, sep="\n  ")
    assert compiled >= least_models
    assert same >= _LEAST * total


def _written(name: str, placement: str, model: ir.Model, folder: Path) -> tuple[Path, list[Operator]]:
    lowered = lower_function(quantized(run_passes(model), placement), unit=placement, integer_io=True)
    path = folder / f"{name}.tflite"
    write_functions({"serving_default": lowered}).save(path)
    return path, operators_of(lowered.model.graph)


def _named(path: Path, operators: list[Operator]) -> Iterator[tuple[str, Operator]]:
    """The operators of the main graph by the tensor that each makes in the file."""
    graph = tflite_schema.read(path).subgraphs[0]
    makers = [graph.tensors[one.outputs[0]].name.decode() for one in graph.operators]
    yield from zip(makers, (one for one in operators if not one.facts.inside), strict=True)

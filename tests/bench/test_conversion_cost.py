"""The tool that measures what converting costs: what it reads and runs is there."""

import importlib
import sys

import onnx
import pytest
from tests.bench.chains import KINDS, chain
from tests.bench.conversion import cost, least
from tests.bench.stages import STAGES


@pytest.mark.parametrize("kind", KINDS)
def test_chains_are_models_of_so_many_nodes(kind: str) -> None:
    model = chain(13, kind)
    onnx.checker.check_model(model, full_check=True)
    assert len(model.graph.node) == 13
    assert all(dim.dim_value for dim in model.graph.output[0].type.tensor_type.shape.dim)


@pytest.mark.parametrize(("label", "module", "function"), STAGES)
def test_stages_are_functions_of_the_converter(label: str, module: str, function: str) -> None:
    assert callable(getattr(importlib.import_module(module), function)), label


def test_cost_counts_children() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'bytearray(150 << 20)'], check=True)"
    found = least([sys.executable, "-c", code], 2)
    assert found.peak_mb > 150
    assert found.cpu_s > 0


def test_a_command_that_fails_is_no_figure() -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        cost([sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_the_peak_is_that_of_the_command_alone() -> None:
    ballast = bytearray(300 << 20)
    assert cost([sys.executable, "-c", "pass"]).peak_mb < 100 < len(ballast)

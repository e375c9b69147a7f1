"""The ONNX backend suite through the Core ML writer and the emulator: the benchmark's sample, parameters constant."""

from pathlib import Path

import pytest
from tests.conformance.coreml_suite import run
from tests.conformance.suite import tally

pytestmark = [pytest.mark.conformance, pytest.mark.filterwarnings("ignore")]

BAR = 0.93


def test_the_sample(bench: Path, sample_data: Path) -> None:
    found = tally(run(bench, sample_data, sample=300))
    print(f"\n{len(found.passed)} of {found.in_scope} = {found.share:.1%}; {len(found.outside)} out of scope")
    for name, why in (*found.refused.items(), *found.broken.items(), *found.wrong.items()):
        print(f"  {name}: {why}")
    assert not found.wrong
    assert not found.broken
    assert found.share >= BAR

"""The ONNX backend suite: how much of it converts, and that nothing that converts is wrong or does not run.

The sample is the benchmark's: 300 cases of onnx 1.20.1; `PORTPROOF_ONNX_CASES` names its folder `backend/test/data`.
The whole suite is that of the installed onnx; `make suite` writes what remains of it to a page.
"""

from pathlib import Path

import pytest
from tests.conformance.suite import KINDS, MODES, dump, run, tally

pytestmark = pytest.mark.conformance

SAMPLE_BARS = {"params": 0.98, "asis": 0.97}
WHOLE_BARS = {"params": 0.98, "asis": 0.96}


@pytest.mark.parametrize("mode", MODES)
def test_the_sample_as_a_user_converts(mode: str, bench: Path, sample_data: Path) -> None:
    found = tally(run(bench, sample_data, mode, "whole", "--kinds", KINDS, "--sample", "300"))
    print(f"\n{mode}: {len(found.passed)} of {found.in_scope} = {found.share:.1%}; {len(found.outside)} out of scope")
    for name, why in found.refused.items():
        print(f"  {name}: {why}")
    assert not found.wrong
    assert not found.broken
    assert found.share >= SAMPLE_BARS[mode]


@pytest.mark.parametrize("mode", MODES)
def test_the_whole_suite_without_onnxsim(mode: str, bench: Path, tmp_path: Path) -> None:
    found = tally(run(bench, dump(bench, tmp_path), mode, "quick", "--kinds", KINDS))
    print(f"\n{mode}: {len(found.passed)} of {found.in_scope} = {found.share:.1%}; {len(found.outside)} out of scope")
    assert not found.wrong
    assert not found.broken
    assert found.share >= WHOLE_BARS[mode]

"""coremltools' own operator tests, run by the Core ML emulator."""

import os

import pytest
from tests.conformance.coremltools_tests import INSTALL, VARIABLE, run, summary, tally

pytestmark = pytest.mark.conformance

SEED = 20260
BARS = {"mil": (800, 0.97), "torch": (1500, 0.995)}
FLOAT16_CASES = 500
MOST_FLOAT16_ERROR = 2e-3
"""At the 99th percentile, relative to the largest number expected of an output."""


@pytest.mark.parametrize("suite", BARS)
def test_a_seeded_sample(suite: str) -> None:
    if not os.environ.get(VARIABLE):
        pytest.skip(f"set {VARIABLE} to a Python interpreter with coremltools and its tests' needs: {INSTALL}")
    want, bar = BARS[suite]
    found = tally(run(suite, seed=SEED, want=want, want_float16=FLOAT16_CASES))
    print(f"\n{suite}: {summary(found)}")
    assert found.counted >= want
    assert found.share >= bar
    assert len(found.errors) >= FLOAT16_CASES * 0.9, "some of them compare nothing"
    assert found.error(0.99) <= MOST_FLOAT16_ERROR

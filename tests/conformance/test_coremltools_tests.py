"""The parts of the sweep that need no coremltools: the measure of an error, and how cases are sorted."""

import math
from typing import Any

import numpy as np
import pytest
from tests.conformance.coremltools_bridge import Trace, error_to_scale
from tests.conformance.coremltools_tests import CONTRADICTIONS, summary, tally


@pytest.mark.parametrize(
    ("actual", "expected", "error"),
    [
        ([1.0, 4.5], [1.0, 5.0], 0.1),
        ([0.25, 0.0], [0.0, 0.0], 0.25),
        ([np.inf, 2.0], [np.inf, 2.0], 0.0),
        ([np.nan, 2.0], [np.nan, 4.0], 0.5),
        ([np.inf, 2.0], [1.0, 2.0], math.inf),
        ([1.0, 2.0], [np.nan, 2.0], math.inf),
        ([-np.inf], [np.inf], math.inf),
        ([1.0], [1.0, 1.0], math.inf),
        ([[1.0]], 1.0, 0.0),
        ([np.inf], [np.inf], 0.0),
    ],
)
def test_an_error_is_relative_to_the_largest_expected_number(actual: Any, expected: Any, error: float) -> None:
    assert error_to_scale(np.array(actual), np.array(expected)) == pytest.approx(error)


def test_only_what_was_predicted_is_compared_in_either_order() -> None:
    trace, output = Trace(), np.array([1.0, 2.0])
    trace.compared(output, np.array([9.0, 9.0]))
    assert trace.errors == []
    trace.predicted({"y": output})
    trace.compared(output, np.array([1.0, 4.0]))
    trace.compared(np.array([1.0, 1.0]), output)
    assert trace.errors == [0.5, 1.0]
    trace.clear()
    trace.compared(output, output)
    assert trace.errors == []


def _case(outcome: str = "passed", **changes: Any) -> dict[str, Any]:
    defaults = {"predicted": True, "float16": False, "random": False, "operators": ["add"], "error": 0.0}
    return {"outcome": outcome, "failure": "", "why": "", **defaults, **changes}


def test_cases_are_sorted_by_what_their_programs_compute_in() -> None:
    found = tally(
        {
            "a.py::TestA::test[1]": _case(),
            "a.py::TestA::test[2]": _case("failed", why="Not\nequal"),
            "a.py::TestA::test[3]": _case("failed", float16=True, error=1e-3),
            "a.py::TestB::test[4]": _case("failed", float16=True, error=None, operators=["mul"]),
            "a.py::TestB::test[5]": _case(float16=True, error=None),
            "a.py::TestB::test[6]": _case("failed", predicted=False),
            "a.py::TestB::test[7]": _case("failed", random=True),
            "a.py::TestB::test[8]": _case("skipped"),
        }
    )
    assert found.passed == ("a.py::TestA::test[1]",)
    assert found.failed == {"a.py::TestA::test[2]": "Not equal"}
    assert found.share == 0.5
    assert found.errors == {"a.py::TestA::test[3]": 1e-3, "a.py::TestB::test[4]": math.inf}
    assert (found.error(0.5), found.error(0.99)) == (1e-3, math.inf)
    assert set(found.left_out) == {"a.py::TestB::test[7]", "a.py::TestB::test[8]"}
    assert found.silent == 1
    assert found.operators == {"add", "mul"}
    assert "a.py::TestA: 1 of 2 fail" in summary(found)


def test_a_case_that_contradicts_the_documentation_is_left_out_only_when_it_fails() -> None:
    name = "iOS17/test_scatter_gather.py::TestScatter::test_ios17_invalid_indices[validate_indices=False-dynamic=True]"
    assert tally({name: _case("failed")}).left_out[name] in CONTRADICTIONS.values()
    assert tally({name: _case()}).passed == (name,)
    other = name.replace("=False", "=True")
    assert other in tally({other: _case("failed")}).failed

"""How the results of the suite are sorted; the suite itself runs in `make conformance`."""

from pathlib import Path

import pytest
from tests.conformance.suite import WRONG_EXPECTATIONS, page, tally

REFUSED = (
    "PortproofError: E-OP-UNSUPPORTED: Pad cannot be written in TFLite\n  where: node 'n'\n  why: pads is computed"
    " at run time\n  hint: make pads a constant @ lower.py:77"
)
RESULTS = {
    "node/test_a": {"status": "pass", "op": "Abs", "reason": ""},
    "node/test_b": {"status": "fail_convert", "op": "Pad", "reason": REFUSED},
    "node/test_c": {"status": "fail_convert", "op": "Pad", "reason": REFUSED},
    "node/test_d": {"status": "fail_run", "op": "Abs", "reason": "worker died"},
    "node/test_e": {"status": "fail_numeric", "op": "Abs", "reason": "max abs 1"},
    "node/test_f": {"status": "fail_convert", "op": "Abs", "reason": "TypeError: no @ x.py:3"},
    "node/test_g": {"status": "skip_type", "op": "Abs", "reason": "x: STRING"},
    "node/test_h": {"status": "pass", "op": "Binarizer", "reason": "", "domain": ["ai.onnx.ml"]},
    "node/test_i": {"status": "fail_convert", "op": "Cast+RandomUniformLike", "reason": REFUSED},
    "node/test_j": {"status": "fail_convert", "op": "Dropout", "reason": "in training mode draws random numbers"},
    "node/test_k": {"status": "fail_convert", "op": "Adam", "reason": "why: it belongs to training"},
}


def test_sorted_by_what_came_of_them() -> None:
    found = tally(RESULTS)
    assert found.passed == ("node/test_a",)
    assert found.refused == {
        "node/test_b": "Pad: pads is computed at run time",
        "node/test_c": "Pad: pads is computed at run time",
        "node/test_f": "TypeError: no",
    }
    assert (list(found.broken), list(found.wrong)) == (["node/test_d"], ["node/test_e"])
    assert sorted(found.outside) == [f"node/test_{letter}" for letter in "ghijk"]
    assert found.share == pytest.approx(1 / 6)


@pytest.mark.parametrize("name", WRONG_EXPECTATIONS)
def test_a_wrong_expectation_is_no_wrong_number(name: str) -> None:
    found = tally({name: {"status": "fail_numeric", "op": "QLinearMatMul", "reason": ""}})
    assert not found.wrong
    assert name in found.outside


def test_the_page_names_every_case_that_remains() -> None:
    text = page({"params": tally(RESULTS)})
    assert "| params | 6 | 1 (16.7%) | 3 | 1 | 1 |" in text
    assert "- **Pad: pads is computed at run time** (2): b, c" in text
    for name in "def":
        assert f"(1): {name}\n" in text


def test_the_page_is_there() -> None:
    text = (Path(__file__).parents[2] / "docs" / "onnx-suite.md").read_text()
    assert text.startswith("# The ONNX backend suite")
    assert text.count("| 0 | 0 |\n") == 2, "files that do not run, or give wrong numbers"

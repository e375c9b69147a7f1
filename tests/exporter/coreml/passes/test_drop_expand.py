"""Expands in front of operators that broadcast."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.tflite.harness import model_of

from portproof.exporter.coreml.passes.drop_expand import DropExpand

HEAD = '<ir_version: 10, opset_import: ["" : 23]> net (float[%s] x, float[%s] z) => (float[%s] y) { %s }'
X = np.linspace(1, 2, 4, dtype=np.float32).reshape(1, 4)
Z = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
TO = np.array([3, 4])


@pytest.mark.parametrize("join", ["Div(z, e)", "Sub(e, z)", "Where(c, e, z)"])
def test_one_that_meets_something_as_large_goes(join: str) -> None:
    arrays = {"to": TO, **({"c": Z > 0} if "Where" in join else {})}
    model = model_of(HEAD % ("1,4", "3,4", "3,4", f"e = Expand(x, to) y = {join}"), **arrays)
    assert DropExpand(attention=False)(model).modified
    assert not DropExpand(attention=False)(model).modified
    check(model, {"x": X, "z": Z})


def test_one_that_makes_the_result_large_stays() -> None:
    model = model_of(HEAD % ("1,4", "1,4", "3,4", "e = Expand(x, to) y = Mul(z, e)"), to=TO)
    assert not DropExpand(attention=True)(model).modified
    check(model, {"x": X, "z": X * 2})


def test_one_that_is_read_elsewhere_too_stays_for_that() -> None:
    body = "e = Expand(x, to) d = Div(z, e) t = ReduceSum(e) y = Add(d, t)"
    model = model_of(HEAD % ("1,4", "3,4", "3,4", body), to=TO)
    assert DropExpand(attention=False)(model).modified
    assert [node.op_type for node in model.graph] == ["Expand", "Div", "ReduceSum", "Add"]
    check(model, {"x": X, "z": Z})


@pytest.mark.parametrize("attention", [True, False])
def test_masks_of_attention_where_they_are_added(attention: bool) -> None:
    q = np.linspace(-1, 1, 24, dtype=np.float32).reshape(1, 2, 3, 4)
    mask = np.array([0, -1, -3e38], np.float32).reshape(1, 1, 1, 3)
    body = "e = Expand(x, to) y = Attention(z, z, z, e)"
    model = model_of(HEAD % ("1,1,1,3", "1,2,3,4", "1,2,3,4", body), to=np.array([1, 1, 3, 3]))
    assert DropExpand(attention=attention)(model).modified == attention
    check(model, {"x": mask, "z": q}, oracle="reference", target="iOS17" if attention else "iOS18", float16=False)

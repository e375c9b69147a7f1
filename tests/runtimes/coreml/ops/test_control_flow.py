from typing import Any

import numpy as np
import pytest
import torch
from tests.runtimes.coreml.mil import Const, Ref, block, op, program, run

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.engine import Executable

X = Ref("x")


def _cond() -> Executable:
    yes = block([op("relu", "r:float32[2]", x=X)], "r")
    no = block([], "x")
    return Executable(program("p:bool[] x:float32[2]", [op("cond", "y:float32[2]", yes, no, pred=Ref("p"))], "y"))


@pytest.mark.parametrize(("pred", "wanted"), [(True, [0, 2]), (False, [-1, 2])])
def test_cond_runs_one_of_its_blocks(pred: bool, wanted: list[float]) -> None:
    found = _cond().run({"p": torch.tensor(pred), "x": torch.tensor([-1.0, 2.0])})
    assert found["y"].tolist() == wanted


def test_cond_takes_one_truth_value() -> None:
    for pred in (torch.tensor([True, False]), torch.tensor(1)):
        with pytest.raises(PortproofError):
            _cond().run({"p": pred, "x": torch.zeros(2)})


def _countdown(body_outputs: str = "next t") -> Executable:
    """Concatenates x to s, n times; n and x stand outside of the loop."""
    condition = block(
        [
            op("slice_by_index", "left:bool[]", x=Ref("todo"), begin=Ref("at"), end=Ref("at"), squeeze_mask=[True]),
        ],
        "left",
        "at:int32[1] s:float32[?]",
    )
    body = block(
        [
            op("concat", "t:float32[?]", values=(Ref("s2"), X), axis=0),
            op("gather", "next:int32[1]", x=Const(np.array([1, 2, 3, 4], np.int32)), indices=Ref("at2")),
        ],
        body_outputs,
        "at2:int32[1] s2:float32[?]",
    )
    loop = op("while_loop", "end:int32[1] all:float32[?]", condition, body, loop_vars=(Const(np.zeros(1, np.int32)), X))
    return Executable(program("todo:bool[5] x:float32[2]", [loop], "end all"))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_while_loop_runs_as_long_as_its_condition_holds(count: int) -> None:
    executable = _countdown()
    x = torch.tensor([1.0, 2.0])
    for _ in range(2):  # nothing is left over from the first time
        found = executable.run({"todo": torch.arange(5) < count, "x": x})
        assert found["end"].tolist() == [count]
        assert found["all"].tolist() == [1.0, 2.0] * (count + 1)


def test_a_loop_whose_body_gives_too_little() -> None:
    with pytest.raises(PortproofError):
        _countdown("next").run({"todo": torch.ones(5, dtype=torch.bool), "x": torch.zeros(2)})


@pytest.mark.parametrize("kind", ["cond", "while_loop"])
def test_two_blocks_are_needed(kind: str) -> None:
    parameters: dict[str, Any] = {"pred": X} if kind == "cond" else {"loop_vars": (X,)}
    executable = Executable(program("x:bool[]", [op(kind, "y:bool[]", **parameters)], "y"))
    with pytest.raises(PortproofError) as caught:
        executable.run({"x": torch.tensor(True)})
    assert "two blocks" in caught.value.messages[0].why


def test_a_condition_that_is_no_tensor() -> None:
    condition = block([op("identity", "go:string[]", x="yes")], "go", "i:float32[2]")
    loop = op("while_loop", "y:float32[2]", condition, block([], "j", "j:float32[2]"), loop_vars=(X,))
    with pytest.raises(PortproofError) as caught:
        Executable(program("x:float32[2]", [loop], "y")).run({"x": torch.zeros(2)})
    assert "not one truth value" in caught.value.messages[0].why


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "bool"])
def test_select_broadcasts(dtype: str) -> None:
    cond = np.array([[True], [False]])
    a, b = (np.arange(3) + 1).astype(dtype), np.array(0).astype(dtype)
    np.testing.assert_array_equal(run("select", f"{dtype}[2,3]", cond=cond, a=a, b=b), np.where(cond, a, b))


def test_select_of_what_is_not_chosen_may_be_anything() -> None:
    got = run(
        "select", "float32[1]", cond=np.array([False]), a=np.array([np.nan], np.float32), b=np.ones(1, np.float32)
    )
    assert got.tolist() == [1]


def test_select_takes_truth_values_and_one_type() -> None:
    with pytest.raises(PortproofError):
        run("select", "float32", cond=np.ones(1, np.int32), a=np.ones(1, np.float32), b=np.ones(1, np.float32))
    with pytest.raises(PortproofError):
        run("select", "float32", cond=np.ones(1, bool), a=np.ones(1, np.float32), b=np.ones(1, np.int32))

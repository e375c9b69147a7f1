import weakref
from typing import Any

import numpy as np
import pytest
import torch
from tests.runtimes.coreml.mil import Const, Ref, block, literal, named, op, program

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.program import Function, ListType, Literal, Operation, TensorType

X = Ref("x")


def _refused(function: Function, **options: Any) -> Any:
    with pytest.raises(PortproofError) as caught:
        Executable(function, **options)
    return caught.value.messages[0]


def _fails(function: Function, **feeds: Any) -> Any:
    with pytest.raises(PortproofError) as caught:
        Executable(function, where="m.mlpackage").run(feeds or {"x": torch.zeros(2)})
    return caught.value.messages[0]


def _one(made: Operation, outputs: str = "y") -> Function:
    return program("x:float32[2]", [made], outputs)


def test_an_unknown_operator() -> None:
    message = _refused(_one(op("gelu_of_tomorrow", "y:float32[2]", x=X)), where="m.mlpackage")
    assert (message.code, message.where) == ("E-OP-UNSUPPORTED", "m.mlpackage: y")
    assert "gelu_of_tomorrow" in message.what


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"x": X, "alpha": 0.1}, "does not know alpha"),
        ({}, "needs x"),
        ({"x": (X, X)}, "takes one value and has 2"),
        ({"x": Ref("z")}, "z, which nothing before it makes"),
        ({"x": "text"}, "a tensor is needed"),
    ],
)
def test_parameters_that_are_not_the_operator_s(parameters: dict[str, Any], why: str) -> None:
    message = _refused(_one(op("relu", "y:float32[2]", **parameters)))
    assert message.code == "E-OP-UNSUPPORTED"
    assert why in message.why


@pytest.mark.parametrize("axis", [0.5, [0, 1], "0"])
def test_constants_of_another_form(axis: Any) -> None:
    assert "axis" in _refused(_one(op("concat", "y:float32[2]", values=(X,), axis=axis))).why


def test_arguments_of_another_form_are_found_when_running() -> None:
    made = op("gather", "y:float32[2]", x=X, indices=Ref("i"), axis=Ref("a"))
    function = program("x:float32[2] i:int32[2] a:float32[]", [made], "y")
    message = _fails(function, x=torch.zeros(2), i=torch.zeros(2, dtype=torch.int32), a=torch.tensor(0.5))
    assert (message.code, message.where) == ("E-RUN", "m.mlpackage: y")
    assert "whole number" in message.why


def test_blocks_where_none_belong() -> None:
    assert "nested blocks" in _refused(_one(op("relu", "y:float32[2]", block([], "x"), x=X))).why


def test_attributes_are_parameters_but_for_the_name() -> None:
    made = op("relu", "y:float32[2]", attributes={"x": literal([-1.0, 2.0]), "name": literal("r")})
    assert made.name == "r"
    assert Executable(_one(made)).run({"x": None})["y"].tolist() == [0, 2]


def test_an_output_that_nothing_makes() -> None:
    assert _refused(_one(op("relu", "y:float32[2]", x=X), "z")).code == "E-MODEL-INVALID"


@pytest.mark.parametrize(
    ("declared", "why"),
    [("float32[3]", "declared of shape [3], and has [2]"), ("float32[?,2]", "[?, 2]"), ("int32[2]", "declared int")],
)
def test_results_that_are_not_what_is_declared(declared: str, why: str) -> None:
    message = _fails(_one(op("relu", f"y:{declared}", x=X)))
    assert message.code == "E-RUN"
    assert "relu" in message.what
    assert why in message.why


def test_as_many_results_as_outputs() -> None:
    message = _fails(_one(op("split", "a:float32[1]", x=X, axis=0, num_splits=2), "a"))
    assert "1 outputs are declared, and there are 2" in message.why


def test_what_torch_refuses_carries_the_operator() -> None:
    message = _fails(_one(op("transpose", "y:float32[2]", x=X, perm=[1, 0])))
    assert (message.code, message.what, message.where) == ("E-RUN", "operator transpose failed", "m.mlpackage: y")


def test_constants_stand_beside_what_is_computed() -> None:
    made = op("concat", "y:float32[6]", values=(Const(np.ones(2, np.float32)), X, Ref("c")), axis=0)
    const = Operation(type="const", inputs={}, outputs=named("c:float32[2]"), attributes={"val": literal([7.0, 8.0])})
    executable = Executable(program("x:float32[2]", [const, made], "y c"))
    for _ in range(2):
        found = executable.run({"x": torch.tensor([2.0, 3.0])})
        assert found["y"].tolist() == [1, 1, 2, 3, 7, 8]
        assert found["c"].tolist() == [7, 8]


def test_constants_that_cannot_be_read() -> None:
    scalar = TensorType(dtype="int32", shape=())
    value = Literal(type=ListType(element=scalar, length=1), value="no list")
    for attributes, code in (({}, "E-MODEL-FORMAT"), ({"val": value}, "E-OP-UNSUPPORTED")):
        const = Operation(type="const", inputs={}, outputs=named("c:int32[]"), attributes=attributes)
        assert _refused(program("x:float32[2]", [const], "c")).code == code


def test_inner_names_hide_outer_ones_and_end_with_their_block() -> None:
    inner = block([op("reverse", "y:float32[2]", x=Ref("y"), axes=[0]), op("relu", "r:float32[2]", x=Ref("y"))], "r")
    outer = block([], "y")
    operations = [
        op("identity", "y:float32[2]", x=X),
        op("cond", "c:float32[2]", inner, outer, pred=Ref("p")),
        op("concat", "z:float32[4]", values=(Ref("c"), Ref("y")), axis=0),
    ]
    executable = Executable(program("p:bool[] x:float32[2]", operations, "z"))
    x = torch.tensor([-1.0, 2.0])
    assert executable.run({"p": torch.tensor(True), "x": x})["z"].tolist() == [2, 0, -1, 2]
    assert executable.run({"p": torch.tensor(False), "x": x})["z"].tolist() == [-1, 2, -1, 2]


def test_blocks_within_blocks_see_everything_around_them() -> None:
    deepest = block([op("concat", "d:float32[4]", values=(Ref("m"), X), axis=0)], "d")
    other = block([op("concat", "e:float32[4]", values=(X, X), axis=0)], "e")
    middle = block(
        [op("reverse", "m:float32[2]", x=X, axes=[0]), op("cond", "n:float32[4]", deepest, other, pred=Ref("q"))], "n"
    )
    top = op("cond", "y:float32[4]", middle, block([op("tile", "t:float32[4]", x=X, reps=[2])], "t"), pred=Ref("p"))
    executable = Executable(program("p:bool[] q:bool[] x:float32[2]", [top], "y"))
    wanted = {(True, True): [2, 1, 1, 2], (True, False): [1, 2, 1, 2], (False, True): [1, 2, 1, 2]}
    for (p, q), numbers in wanted.items():
        found = executable.run({"p": torch.tensor(p), "q": torch.tensor(q), "x": torch.tensor([1.0, 2.0])})
        assert found["y"].tolist() == numbers


def _watched(operations: list[Operation], outputs: str, inputs: str = "x:float32[2]", **feeds: Any) -> list[set[str]]:
    """After each operator, the outputs of operators before it that are still held."""
    alive: dict[str, weakref.ref[torch.Tensor]] = {}
    seen: list[set[str]] = []

    def observe(step: Any, values: Any, results: Any) -> None:
        del values
        seen.append({name for name, held in alive.items() if held() is not None})
        for output, result in zip(step.operation.outputs, results, strict=True):
            alive[output.name] = weakref.ref(result)

    executable = Executable(program(inputs, operations, outputs), observe=observe)
    kept = executable.run({"x": torch.tensor([1.0, 2.0]), **feeds})
    del kept
    seen.append({name for name, held in alive.items() if held() is not None})
    return seen


def test_memory_is_given_back_when_nothing_reads_a_value_any_more() -> None:
    chain = [
        op("tile", "a:float32[2]", x=X, reps=[1]),
        op("tile", "b:float32[2]", x=Ref("a"), reps=[1]),
        op("tile", "unread:float32[2]", x=Ref("b"), reps=[1]),
        op("tile", "c:float32[2]", x=Ref("b"), reps=[1]),
        op("tile", "d:float32[2]", x=Ref("c"), reps=[1]),
    ]
    assert _watched(chain, "d") == [set(), {"a"}, {"b"}, {"b"}, {"c"}, set()]


def test_blocks_give_back_theirs_and_keep_what_is_around_them() -> None:
    body = [op("tile", "i:float32[2]", x=Ref("a"), reps=[1]), op("tile", "j:float32[2]", x=Ref("i"), reps=[1])]
    operations = [
        op("tile", "a:float32[2]", x=X, reps=[1]),
        op("cond", "y:float32[2]", block(body, "j"), block([], "a"), pred=Ref("p")),
        op("tile", "z:float32[2]", x=Ref("y"), reps=[1]),
    ]
    seen = _watched(operations, "z", "x:float32[2] p:bool[]", p=torch.tensor(True))
    assert seen[1:4] == [{"a"}, {"a", "i"}, {"a", "j"}]  # in the block, in it, behind it
    assert seen[4] == {"j", "y"}  # one tensor under two names
    assert seen[5] == set()


def test_inputs_are_not_held_after_a_run() -> None:
    executable = Executable(_one(op("tile", "y:float32[4]", x=X, reps=[2])))
    x = torch.zeros(2)
    held = weakref.ref(x)
    executable.run({"x": x})
    del x
    assert held() is None


def test_random_numbers_are_the_same_in_every_run() -> None:
    made = op("random_normal", "y:float32[4]", shape=[4], mean=0.0, stddev=1.0, seed=-1)
    executable = Executable(_one(made))
    first = executable.run({"x": torch.zeros(2)})["y"]
    assert torch.equal(executable.run({"x": torch.zeros(2)})["y"], first)
    assert first.unique().numel() == 4


def test_precision_strict_rounds_and_minimum_does_not() -> None:
    function = program("x:float16[3]", [op("cumsum", "y:float16[3]", x=X)], "y")
    x = torch.tensor([2048.0, 1.0, 60000.0])
    assert Executable(function).run({"x": x})["y"].tolist() == [2048, 2048, 62048]
    assert Executable(function, precision="minimum").run({"x": x})["y"].tolist() == [2048, 2049, 62049]

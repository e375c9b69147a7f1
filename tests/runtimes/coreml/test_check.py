from collections.abc import Sequence
from pathlib import Path
from typing import Any

import coreml_files as files
import numpy as np
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.parse import read

X = ("x", "float32", (2,))
Y = ("y", "float32", (2,))
PAIR = files.tensor_type("float32", 2)


def relu(source: str, name: str) -> Any:
    return files.operation("relu", {"x": source}, {name: PAIR})


def model(operations: Sequence[Any], *, inputs: Any = (X,), outputs: Any = (Y,)) -> Any:
    return files.model_of(operations, inputs, outputs)


def refusal(folder: Path, made: Any, code: str = "E-MODEL-INVALID") -> str:
    with pytest.raises(PortproofError) as caught:
        read(files.save(folder / "m.mlpackage", made))
    message = caught.value.messages[0]
    assert message.code == code
    return f"{message.where.partition('.mlpackage')[2]} | {message.why}"


def test_names(tmp_path: Path) -> None:
    assert "main, operator a (relu) | it reads b, which nothing before it defines" in refusal(
        tmp_path, model([relu("b", "a"), relu("a", "b"), relu("b", "y")])
    )
    assert "reads y, which" in refusal(tmp_path, model([relu("y", "y")]))
    assert "y is defined twice" in refusal(tmp_path, model([relu("x", "y"), relu("x", "y")]))
    assert "x is defined twice" in refusal(tmp_path, model([relu("x", "x"), relu("x", "y")]))
    twice = model([relu("x", "y")])
    twice.mlProgram.functions["main"].inputs.add(name="x", type=PAIR)
    assert "x is defined twice" in refusal(tmp_path, twice)
    assert "output y of a block is not defined" in refusal(tmp_path, model([relu("x", "z")]))
    assert "no output" in refusal(tmp_path, model([relu("x", "y")], outputs=[]))


def test_variadic_arguments_are_read_too(tmp_path: Path) -> None:
    joined = files.operation("concat", {"values": ["x", "z"]}, {"y": PAIR})
    assert "reads z" in refusal(tmp_path, model([joined]))


def test_constants(tmp_path: Path) -> None:
    pair = files.value([1.0, 2.0], "float32")
    for spoilt in (
        files.operation("const", {}, {"y": PAIR}),
        files.operation("const", {"x": "x"}, {"y": PAIR}, val=pair),
        files.operation("const", {}, {"y": PAIR, "z": PAIR}, val=pair),
        files.operation("const", {}, {}, val=pair),
    ):
        assert "one output, a value, and no inputs" in refusal(tmp_path, model([spoilt]))
    spoilt = files.operation("const", {}, {"y": files.tensor_type("float32", 3)}, val=pair)
    assert "another type than its output" in refusal(tmp_path, model([spoilt]))


def branch(blocks: Sequence[Any], **outputs: Any) -> Any:
    return files.operation("cond", {"pred": "flag"}, outputs or {"y": PAIR}, blocks=blocks)


FLAG = ("flag", "bool", ())


def cond_model(*blocks: Any, before: Sequence[Any] = ()) -> Any:
    return model([files.const("flag", True), *before, branch(blocks)])


def test_branches_read_what_is_around_them(tmp_path: Path) -> None:
    inner = files.block([relu("x", "z"), relu("z", "w")], ["w"])
    other = files.block([], ["x"])
    package = read(files.save(tmp_path / "m.mlpackage", cond_model(inner, other)))
    operation = package.functions["main"].block.operations[1]
    assert [block.outputs for block in operation.blocks] == [("w",), ("x",)]
    # The same names in both branches, and names that hide those around them.
    again = files.block([relu("x", "z"), relu("z", "x")], ["x"])
    read(files.save(tmp_path / "n.mlpackage", cond_model(inner, again)))


def test_branches_that_make_no_sense(tmp_path: Path) -> None:
    good = files.block([], ["x"])
    assert "has 1 blocks, and should have 2" in refusal(tmp_path, cond_model(good))
    assert "block 1 has 2 outputs, and should have 1" in refusal(
        tmp_path, cond_model(good, files.block([], ["x", "x"]))
    )
    assert "number 0 of the outputs of block 1 is of another type" in refusal(
        tmp_path, cond_model(good, files.block([], ["flag"]))
    )
    assert "block 0 has 1 inputs" in refusal(tmp_path, cond_model(files.block([], ["x"], {"q": PAIR}), good))
    assert "output w of a block" in refusal(tmp_path, cond_model(files.block([], ["w"]), good))
    inner = files.block([relu("x", "w")], ["w"])
    # What a branch makes is not seen outside of it, nor in the other branch, nor before the branch.
    assert "reads w" in refusal(tmp_path, model([files.const("flag", True), branch([inner, good]), relu("w", "v")]))
    assert "output w of a block" in refusal(tmp_path, cond_model(inner, files.block([], ["w"])))
    assert "cond), operator w (relu) | it reads y" in refusal(
        tmp_path, cond_model(files.block([relu("y", "w")], ["w"]), good)
    )
    assert "reads w" in refusal(tmp_path, cond_model(inner, good, before=[relu("w", "v")]))


def loop(condition: Any, body: Any, variables: Sequence[str] = ("x",)) -> Any:
    return files.operation("while_loop", {"loop_vars": list(variables)}, {"y": PAIR}, blocks=[condition, body])


def test_loops(tmp_path: Path) -> None:
    condition = files.block([files.const("flag", True)], ["flag"], {"a": PAIR})
    body = files.block([relu("a", "b")], ["b"], {"a": PAIR})
    read(files.save(tmp_path / "m.mlpackage", model([loop(condition, body)])))
    assert "block 0 has 0 inputs, and should have 1" in refusal(
        tmp_path, model([loop(files.block([files.const("flag", True)], ["flag"]), body)])
    )
    assert "block 1 has 2 outputs, and should have 1" in refusal(
        tmp_path, model([loop(condition, files.block([], ["a", "a"], {"a": PAIR}))])
    )
    assert "a is defined twice" in refusal(
        tmp_path, model([loop(condition, files.block([relu("a", "a")], ["a"], {"a": PAIR}))])
    )
    pair = {"a": PAIR, "c": PAIR}
    condition, body = files.block([files.const("flag", True)], ["flag"], pair), files.block([], ["a", "c"], pair)
    assert "it has 1 outputs, and should have 2" in refusal(tmp_path, model([loop(condition, body, ["x", "x"])]))


@pytest.mark.parametrize(
    ("goes_on", "variable", "given", "result", "reason"),
    [
        ("bool", "float32", "float32", "float32", ""),
        ("int32", "float32", "float32", "float32", "outputs of block 0"),
        ("bool", "float16", "float16", "float32", "inputs of block 0"),
        ("bool", "float32", "float16", "float32", "outputs of block 1"),
        ("bool", "float32", "float32", "int32", "outputs of it"),
    ],
)
def test_types_in_loops(tmp_path: Path, goes_on: str, variable: str, given: str, result: str, reason: str) -> None:
    # Sizes may differ: a variable may grow.
    names = {"a": files.tensor_type(variable, None)}
    condition = files.block([files.const("flag", np.ones((), goes_on))], ["flag"], names)
    body = files.block([files.const("b", np.ones(3, given))], ["b"], names)
    made = files.operation(
        "while_loop", {"loop_vars": "x"}, {"z": files.tensor_type(result, None)}, blocks=[condition, body]
    )
    whole = model([made, relu("x", "y")])
    if reason:
        assert f"number 0 of the {reason} is of another type than what it stands for" in refusal(tmp_path, whole)
    else:
        read(files.save(tmp_path / "m.mlpackage", whole))


def _list_type(dtype: str) -> Any:
    made = files.new("ValueType")
    made.listType.type.CopyFrom(files.tensor_type(dtype, 2))
    made.listType.length.unknown.SetInParent()
    return made


@pytest.mark.parametrize(("dtype", "right"), [("float32", True), ("float16", False)])
def test_lists_and_states_in_branches(tmp_path: Path, dtype: str, right: bool) -> None:
    state, other = files.new("ValueType"), files.new("ValueType")
    state.stateType.wrappedType.CopyFrom(PAIR)
    other.stateType.wrappedType.CopyFrom(files.tensor_type(dtype, 3))
    before = [
        files.operation("make_list", {}, {"l": _list_type("float32")}),
        files.operation("made_up", {}, {"s": state}),
    ]
    one = files.block([], ["l", "s"])
    made = [files.const("flag", True), *before, branch([one, one], ll=_list_type(dtype), ss=other), relu("x", "y")]
    if right:
        read(files.save(tmp_path / "m.mlpackage", model(made)))
    else:
        assert "number 0 of the outputs of block 0" in refusal(tmp_path, model(made))
        made[3] = branch([one, one], ll=_list_type("float32"), ss=other)
        assert "number 1 of the outputs of block 0" in refusal(tmp_path, model(made))


def test_other_operators_have_no_blocks(tmp_path: Path) -> None:
    spoilt = files.operation("relu", {"x": "x"}, {"y": PAIR}, blocks=[files.block([], ["x"])])
    assert "has 1 blocks, and should have 0" in refusal(tmp_path, model([spoilt]))


def test_long_programs_of_nested_blocks_are_checked_quickly(tmp_path: Path) -> None:
    operations = [files.const("flag", True)]
    for number in range(1500):
        one = files.block([], ["x"])
        made = files.operation("cond", {"pred": "flag"}, {f"c{number}": PAIR}, blocks=[one, one])
        operations.append(made)
    operations.append(relu("c1499", "y"))
    assert len(read(files.save(tmp_path / "m.mlpackage", model(operations))).functions["main"].block.operations) == 1502

from typing import Any

import numpy as np
import pytest
import torch
from tests.runtimes.coreml.mil import Ref, block, op, program, tensor

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.program import ListType, NamedType, Operation

A, B = torch.tensor([1.0, 3.0]), torch.tensor([2.0, 4.0])


def _ls(name: str) -> tuple[NamedType, ...]:
    return (NamedType(name=name, type=ListType(element=tensor("float32[2]"), length=None)),)


def _run(operations: list[Operation], outputs: str, inputs: str = "a:float32[2] b:float32[2]", **feeds: Any) -> Any:
    found = Executable(program(inputs, operations, outputs)).run({"a": A, "b": B} | feeds)
    return [value.tolist() for value in found.values()]


def _make(**parameters: Any) -> Operation:
    return op("make_list", _ls("l0"), **{"elem_shape": (2,), "init_length": 2, **parameters})


def test_a_list_starts_as_zeros_and_grows() -> None:
    found = _run(
        [
            _make(),
            op("list_read", "first:float32[2]", ls=Ref("l0"), index=0),
            op("list_write", _ls("l1"), ls=Ref("l0"), index=0, value=Ref("a")),
            op("list_write", _ls("l2"), ls=Ref("l1"), index=4, value=Ref("b")),
            op("list_scatter", _ls("l3"), ls=Ref("l2"), indices=[2, 1], value=[[-1.0, -2.0], [-4.0, -5.0]]),
            op("list_read", "again:float32[2]", ls=Ref("l3"), index=0),
            op("list_gather", "some:float32[3,2]", ls=Ref("l3"), indices=[4, 2, 3]),
            op("list_length", "length:int32[]", ls=Ref("l3")),
            op("list_length", "before:int32[]", ls=Ref("l0")),
        ],
        "first again some length before",
    )
    assert found == [[0, 0], [1, 3], [[2, 4], [-1, -2], [0, 0]], 5, 2]


def test_an_empty_selection() -> None:
    assert _run(
        [_make(), op("list_gather", "y:float32[0,2]", ls=Ref("l0"), indices=Ref("i"))],
        "y",
        "a:float32[2] i:int32[0]",
        i=torch.zeros(0, dtype=torch.int32),
    ) == [[]]


def test_a_list_goes_through_a_loop() -> None:
    condition = block([op("gather", "more:bool[]", x=Ref("todo"), indices=Ref("i"))], "more", "i:int32[] l:float32")
    body = block(
        [
            op("list_write", _ls("ln"), ls=Ref("lb"), index=Ref("j"), value=Ref("a")),
            op("gather", "n:int32[]", x=[1, 2, 3, 4], indices=Ref("j")),
        ],
        "n ln",
        "j:int32[] lb:float32",
    )
    outputs = (NamedType(name="end", type=tensor("int32[]")), *_ls("le"))
    loop = op("while_loop", outputs, condition, body, loop_vars=(0, Ref("l0")))
    found = _run(
        [_make(init_length=1), loop, op("list_gather", "y:float32[3,2]", ls=Ref("le"), indices=[0, 1, 2])],
        "y",
        "a:float32[2] todo:bool[5]",
        todo=torch.tensor([True, True, True, False, False]),
    )
    assert found == [[[1, 3]] * 3]


@pytest.mark.parametrize(("parameters", "index"), [({"dynamic_length": False}, 2), ({}, -1), ({}, 2**40)])
def test_what_cannot_be_written(parameters: dict[str, Any], index: int) -> None:
    write = op("list_write", _ls("l1"), ls=Ref("l0"), index=Ref("i"), value=Ref("a"))
    with pytest.raises(PortproofError) as caught:
        _run(
            [_make(**parameters), write, op("list_length", "y:int32[]", ls=Ref("l1"))],
            "y",
            "a:float32[2] i:int64[]",
            i=torch.tensor(index),
        )
    assert caught.value.messages[0].code == "E-RUN"


@pytest.mark.parametrize("index", [-1, 2])
def test_what_cannot_be_read(index: int) -> None:
    with pytest.raises(PortproofError) as caught:
        _run(
            [_make(), op("list_read", "y:float32[2]", ls=Ref("l0"), index=Ref("i"))],
            "y",
            "i:int32[]",
            i=torch.tensor(index),
        )
    assert "out of range" in caught.value.messages[0].why


def test_elements_of_another_shape() -> None:
    with pytest.raises(PortproofError) as caught:
        _run(
            [_make(elem_shape=(3,)), op("list_write", _ls("l1"), ls=Ref("l0"), index=Ref("i"), value=Ref("a"))],
            "a",
            "a:float32[2] i:int32[]",
            i=torch.tensor(0),
        )
    assert "[3]" in caught.value.messages[0].why


def test_a_size_that_only_the_first_write_tells() -> None:
    make = _make(elem_shape=("n",))
    read = op("list_read", "y:float32[2]", ls=Ref("l0"), index=1)
    with pytest.raises(PortproofError) as caught:
        _run([make, read], "y")
    assert "before any was written" in caught.value.messages[0].why
    write = op("list_write", _ls("l1"), ls=Ref("l0"), index=0, value=Ref("a"))
    assert _run([make, write, op("list_read", "y:float32[2]", ls=Ref("l1"), index=1)], "y") == [[0, 0]]


def test_the_shape_of_elements_as_one_vector() -> None:
    make = op("make_list", _ls("l0"), elem_shape=([2, 3],))
    assert _run([make, op("list_read", "y:float32[2,3]", ls=Ref("l0"), index=0)], "y") == [[[0, 0, 0]] * 2]


@pytest.mark.parametrize("dtype", ["fp16", "int32", "bool"])
def test_types_of_elements(dtype: str) -> None:
    name = {"fp16": "float16"}.get(dtype, dtype)
    found = _run([_make(dtype=dtype), op("list_read", f"y:{name}[2]", ls=Ref("l0"), index=0)], "y")
    assert found == [[0, 0]]


@pytest.mark.parametrize("shape", [(0.5,), (-1,), (["a", "b"],)])
def test_sizes_that_are_none(shape: tuple[Any, ...]) -> None:
    with pytest.raises(PortproofError) as caught:
        _run([_make(elem_shape=shape)], "a")
    assert "sizes of an element" in caught.value.messages[0].why


def test_values_for_other_indices() -> None:
    scatter = op("list_scatter", _ls("l1"), ls=Ref("l0"), indices=[0], value=np.zeros((2, 2)).tolist())
    with pytest.raises(PortproofError):
        _run([_make(), scatter], "a")
    with pytest.raises(PortproofError):
        _run([_make(dtype="fp64")], "a")
    with pytest.raises(PortproofError):
        _run([op("list_length", "y:int32[]", ls=Ref("a"))], "y")

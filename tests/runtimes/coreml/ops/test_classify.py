from typing import Any

import pytest
import torch
from tests.runtimes.coreml.mil import Const, Ref, named, op, program, tensor

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.program import DictionaryType, ListType, Literal, NamedType


def _run(classes: list[Any], probabilities: list[float], label: str = "string[]") -> tuple[Any, Any]:
    key = tensor(label)
    outputs = (*named(f"label:{label}"), NamedType(name="p", type=DictionaryType(key=key, value=tensor("float64[]"))))
    made = op("classify", outputs, probabilities=Ref("x"), classes="")
    items = [item if isinstance(item, str) else _int64(item) for item in classes]
    listed = Literal(type=ListType(element=key, length=len(items)), value=items)
    made = type(made)(type="classify", inputs={**made.inputs, "classes": (listed,)}, outputs=outputs)
    x = torch.tensor(probabilities)
    found = Executable(program(f"x:float32{list(x.shape)}".replace(" ", ""), [made], "label p")).run({"x": x})
    return found["label"], found["p"]


def _int64(number: int) -> Literal:
    constant = Const(number, "int64")
    return Literal(type=tensor("int64[]"), value=constant.value)


def test_the_likeliest_class_and_all_probabilities() -> None:
    label, probabilities = _run(["b", "a", "c"], [0.25, 0.5, 0.25])
    assert label == "a"
    assert list(probabilities.items()) == [("b", 0.25), ("a", 0.5), ("c", 0.25)]


def test_labels_may_be_numbers_and_probabilities_of_any_shape() -> None:
    label, probabilities = _run([7, 5], [[0.5], [0.5]], "int64[]")  # type: ignore[list-item]
    assert (label.item(), probabilities) == (7, {7: 0.5, 5: 0.5})


def test_as_many_classes_as_probabilities() -> None:
    with pytest.raises(PortproofError) as caught:
        _run(["a"], [0.5, 0.5])
    assert "1 classes for 2" in caught.value.messages[0].why


def test_classes_are_a_list() -> None:
    outputs = named("label:string[] p:float32")
    made = op("classify", outputs, probabilities=Ref("x"), classes="abc")
    with pytest.raises(PortproofError) as caught:
        Executable(program("x:float32[3]", [made], "label p")).run({"x": torch.zeros(3)})
    assert "a list of classes" in caught.value.messages[0].why

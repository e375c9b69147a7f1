"""Layers of the cost model found among lowered operators: by name, by multiply-accumulates, by order."""

import pytest

from portproof.device_profiles.cost.work import Layer
from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.exporter.check.layer_shares import owners
from portproof.exporter.check.operators import Operator


def op(name: str, macs: int = 0, size: int = 8, where: str = "") -> Operator:
    made = TensorFacts(name=name, shape=(size,), dtype="float32")
    facts = OpFacts(dialect="tflite", op="X", name=name, inputs=(), outputs=(made,), attributes={})
    return Operator(facts=facts, macs=macs, where=where)


def layer(name: str, macs: int = 0) -> Layer:
    return Layer(name=name, kind="conv" if macs else "elt", macs=macs, outputs=8)


def test_names_count_first_and_may_stand_in_where() -> None:
    work = [layer("a", 10), layer("b", 10)]
    assert owners(work, [op("b", 10), op("a", 10)]) == [{1: 1.0}, {0: 1.0}]
    assert owners(work, [op("x", 10, where="node 'b'"), op("y", 10, where="node 'a'")]) == [{1: 1.0}, {0: 1.0}]


def test_products_are_found_by_their_size_in_order() -> None:
    work = [layer("a", 10), layer("b", 20), layer("c", 10)]
    assert owners(work, [op("v1", 10), op("v2", 10), op("v3", 20)]) == [{0: 1.0}, {2: 1.0}, {1: 1.0}]


def test_what_does_not_multiply_follows_its_product_by_bytes() -> None:
    work = [layer("start"), layer("a", 10), layer("soft"), layer("b", 20), layer("fused")]
    operators = [op("p"), op("v1", 10), op("e1", size=6), op("e2", size=2), op("v2", 20)]
    assert owners(work, operators) == [{0: 1.0}, {1: 1.0}, {2: 0.75, 3: 0.25}, {4: 1.0}, {4: 1.0}]


@pytest.mark.parametrize("operators", [[], [op("v1", 11), op("v2", 20)]])
def test_other_operators_are_not_guessed(operators: list[Operator]) -> None:
    assert owners([layer("a", 10), layer("b", 20)], operators) is None


def test_a_model_without_products_is_its_operators_by_bytes() -> None:
    assert owners([layer("a")], [op("x", size=3), op("y", size=1)]) == [{0: 0.75, 1: 0.25}]

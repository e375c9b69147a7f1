"""One operator against rules made for the test: types, constants, ranks, attributes, alternatives, versions."""

from typing import Any

import pytest
from pydantic import ValidationError

from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.device_profiles.op_rules.judge import judge
from portproof.device_profiles.op_rules.schema import OpRules


def rules(*operators: dict[str, Any], **more: Any) -> OpRules:
    head = {"unit": "u", "name": "U", "processor": "npu", "dialect": "tflite", "source": "s", "sources": {"s": "S"}}
    return OpRules.model_validate({**head, "operators": list(operators), **more})


def op(name: str = "ADD", dtype: str = "int8", shape: tuple[int | None, ...] = (1, 4), **more: Any) -> OpFacts:
    x = TensorFacts(name="x", shape=shape, dtype=dtype)
    y = TensorFacts(name="y", shape=shape, dtype=dtype)
    return OpFacts(**{"dialect": "tflite", "op": name, "inputs": (x,), "outputs": (y,), **more})


def why(found: OpRules, facts: OpFacts, **more: Any) -> list[str]:
    return [reason.why for reason in judge(found, facts, **more).reasons]


def test_what_fits_is_taken_and_says_where_that_is_from() -> None:
    verdict = judge(rules({"ops": ["ADD"], "types": ["int8"]}), op())
    assert verdict.taken
    assert (verdict.reasons, verdict.source) == ((), "S")


def test_an_operator_that_is_not_listed_is_refused_with_the_hint_for_it() -> None:
    verdict = judge(rules({"ops": ["ADD"]}, hints={"MUL": "multiply elsewhere"}), op("MUL"))
    assert not verdict.taken
    assert [(reason.why, reason.hint) for reason in verdict.reasons] == [
        ("U has no operator MUL", "multiply elsewhere")
    ]


def test_types_of_what_is_computed_and_of_constants() -> None:
    only = rules({"ops": ["ADD"], "types": ["int8"], "input_types": {"1": ["int32"]}, "hint": "quantize it"})
    weight = TensorFacts(name="w", shape=(4,), dtype="float32", constant=True)
    assert judge(only, op(dtype="float32")).reasons[0].hint == "quantize it"
    assert why(only, op(dtype="float32")) == ["input 0 is float32, it takes int8"]
    assert why(only, op(inputs=(*op().inputs, weight))) == ["input 1 is float32, it takes int32"]
    assert why(rules({"ops": ["ADD"], "types": ["int8"]}), op(inputs=(*op().inputs, weight))) == []
    other = rules({"ops": ["ADD"], "types": ["int8"], "output_types": ["bool"]})
    assert why(other, op()) == ["output 0 is int8, it takes bool"]


def test_constants_and_what_must_not_be_one() -> None:
    asked = rules({"ops": ["ADD"], "constant": [0]})
    assert "must be a constant" in why(asked, op())[0]
    held = TensorFacts(name="x", shape=(1,), dtype="int8", constant=True)
    assert why(asked, op(inputs=(held,))) == []
    assert "must be computed" in why(rules({"ops": ["ADD"], "computed": [0]}), op(inputs=(held,)))[0]


@pytest.mark.parametrize(("limit", "text"), [({"max_rank": 1}, "2 axes"), ({"min_rank": 3}, "3 or more")])
def test_ranks(limit: dict[str, int], text: str) -> None:
    assert text in why(rules({"ops": ["ADD"], **limit}), op())[0]
    assert why(rules({"ops": ["ADD"], "max_rank": 2, "min_rank": 2}), op()) == []


def test_attributes_in_a_list_and_in_a_range() -> None:
    found = rules({"ops": ["ADD"], "attributes": {"stride": {"least": 1, "most": 3}, "mode": {"only": ["A"]}}})
    assert why(found, op(attributes={"stride": 3, "mode": "A"})) == []
    assert why(found, op(attributes={"stride": 4})) == ["stride is 4, it takes 1 to 3"]
    assert why(found, op(attributes={"stride": [1, 5]})) == ["stride is 5, it takes 1 to 3"]
    assert why(found, op(attributes={"mode": "B"})) == ["mode is B, it takes A"]
    assumed = rules({"ops": ["ADD"], "attributes": {"beta": {"only": [1.0], "default": 2.0}}})
    assert why(assumed, op()) == ["beta is 2.0, it takes 1.0"]


def test_one_group_of_several_is_enough_and_the_nearest_gives_the_reasons() -> None:
    found = rules(
        {"ops": ["ADD"], "types": ["float32"], "max_rank": 1},
        {"ops": ["ADD"], "types": ["int8"], "max_rank": 1},
    )
    assert why(found, op()) == ["a tensor has 2 axes, it takes 1 at most"]
    assert judge(found, op(shape=(4,))).taken


def test_groups_that_hold_from_a_version_on() -> None:
    found = rules({"ops": ["ADD"], "when": {"htp_arch": (73, 999)}})
    assert judge(found, op(), {"htp_arch": 75}).taken
    assert "this device has 69" in why(found, op(), figures={"htp_arch": 69})[0]
    assert "does not say" in why(found, op())[0]


def test_limits_of_all_operators_but_some() -> None:
    found = rules({"ops": ["ADD", "MUL"]}, everywhere=[{"types": ["float32"], "exempt": ["MUL"]}])
    assert why(found, op()) == ["input 0 is int8, it takes float32"]
    assert judge(found, op("MUL")).taken


def test_all_but_what_is_refused() -> None:
    found = rules(all_but=True, refused={"WHERE": "its size depends on values"})
    assert judge(found, op()).taken
    assert why(found, op("WHERE")) == ["its size depends on values"]


def test_a_profile_adds_and_removes() -> None:
    found = rules({"ops": ["ADD"]})
    assert judge(found, op("MUL"), added=["MUL"]).taken
    assert "profile" in judge(found, op(), removed=["ADD"]).reasons[0].why


def test_what_stands_in_a_loop_runs_where_the_loop_does() -> None:
    found = rules({"ops": ["ADD"]})
    assert why(found, op(inside="WHILE")) == ["it stands in a WHILE, which U does not take"]
    assert judge(rules({"ops": ["ADD", "WHILE"]}), op(inside="WHILE")).taken
    assert judge(rules({"ops": ["ADD"]}, inner_graphs=True), op(inside="WHILE")).taken


def test_a_size_known_only_when_running() -> None:
    found = rules({"ops": ["ADD"]}, everywhere=[{"rules": ["static"]}])
    assert "known only when running" in why(found, op(shape=(None, 4)))[0]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"rules": ["stattic"]}, "no rule is named stattic"),
        ({"rules": [{"rule": "static", "size": 3}]}, "does not take size"),
        ({"source": "t"}, "no source is named t"),
        ({"typs": ["int8"]}, "typs"),
    ],
)
def test_a_file_that_makes_no_sense(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        rules({"ops": ["ADD"], **wrong})

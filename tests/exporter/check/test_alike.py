"""Operators that rules cannot tell apart are judged once."""

from dataclasses import replace
from typing import Any

import pytest

from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.exporter.check.alike import alike
from portproof.exporter.check.operators import Operator

X = TensorFacts(name="x", shape=(1, 8, 8, 4), dtype="int8", scales=(0.5,), zero_points=(3,))
W = TensorFacts(name="w", shape=(4, 1, 1, 4), dtype="int8", constant=True, largest_sum=9.0)
CONV = OpFacts(
    dialect="tflite",
    op="CONV_2D",
    name="a",
    inputs=(X, W, None),
    outputs=(X,),
    attributes={"stride": [1, 1]},
    version=3,
)


def test_names_make_no_difference() -> None:
    other = replace(CONV, name="b", inputs=(replace(X, name="y"), replace(W, name="v"), None))
    assert alike([Operator(facts=CONV, where="here"), Operator(facts=other, where="there")]) == (0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"op": "DEPTHWISE_CONV_2D"},
        {"version": 4},
        {"pattern": "Gelu"},
        {"inside": "WHILE"},
        {"attributes": {"stride": [2, 2]}},
        {"inputs": (X, W)},
        {"outputs": ()},
        *({"inputs": (replace(X, **change), W, None)} for change in ({"shape": (1, 8, 8, 8)}, {"dtype": "uint8"})),
        *({"inputs": (replace(X, **change), W, None)} for change in ({"scales": (0.25,)}, {"zero_points": (0,)})),
        *({"inputs": (X, replace(W, **change), None)} for change in ({"largest_sum": 8.0}, {"constant": False})),
        {"inputs": (X, replace(W, values=(1.0,)), None)},
    ],
)
def test_what_a_rule_may_ask_does(change: dict[str, Any]) -> None:
    assert alike([Operator(facts=CONV), Operator(facts=replace(CONV, **change)), Operator(facts=CONV)]) == (0, 1, 0)

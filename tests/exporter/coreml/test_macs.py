from typing import Any

import pytest
from tests.exporter.coreml.operations import operation

from portproof.exporter.coreml.macs import macs


@pytest.mark.parametrize(
    ("op_type", "output", "inputs", "want"),
    [
        ("conv", "float16[1,8,6,5]", {"x": "float16[1,4,6,5]", "weight": "float16[8,2,3,3]"}, 8 * 30 * 2 * 9),
        ("conv_transpose", "float16[1,6,8,8]", {"x": "float16[1,4,4,4]", "weight": "float16[4,6,2,2]"}, 64 * 6 * 4),
        ("linear", "float16[7,5]", {"x": "float16[7,3]", "weight": "float16[5,3]"}, 7 * 5 * 3),
        ("matmul", "float16[2,7,5]", {"x": "float16[2,7,3]", "y": "float16[2,3,5]"}, 2 * 7 * 5 * 3),
        (
            "matmul",
            "float16[7,5]",
            {"x": "float16[3,7]", "y": "float16[3,5]", "transpose_x": True},
            7 * 5 * 3,
        ),
        (
            "scaled_dot_product_attention",
            "float16[2,4,6]",
            {"query": "float16[2,4,8]", "key": "float16[2,9,8]", "value": "float16[2,9,6]"},
            2 * 4 * 9 * (8 + 6),
        ),
        (
            "einsum",
            "float16[2,3,5]",
            {"values": ("float16[2,3,4]", "float16[2,4,5]"), "equation": "bij,bjk->bik"},
            2 * 3 * 4 * 5,
        ),
        (
            "gru",
            "float16[6,2,5]",
            {"x": "float16[6,2,3]", "weight_ih": "float16[15,3]", "weight_hh": "float16[15,5]"},
            6 * 2 * 3 * 5 * 8,
        ),
        (
            "lstm",
            "float16[6,2,10]",
            {"x": "float16[6,2,3]", "weight_hh": "float16[20,5]", "weight_hh_back": "float16[20,5]"},
            2 * 6 * 2 * 4 * 5 * 8,
        ),
        ("relu", "float16[1,8]", {"x": "float16[1,8]"}, 0),
        ("linear", "float16[?,5]", {"x": "float16[?,3]", "weight": "float16[5,3]"}, None),
        ("linear", "float16", {"x": "float16", "weight": "float16[5,3]"}, None),
        ("matmul", "float16[7,5]", {"y": "float16[3,5]"}, None),
        ("einsum", "float16[2]", {"values": ("float16[2]",), "equation": "string[]"}, None),
    ],
)
def test_by_hand(op_type: str, output: str, inputs: dict[str, Any], want: int | None) -> None:
    assert macs(*operation(op_type, output, **inputs)) == want

"""ArgMax, ArgMin, TopK."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import node_model

EQUAL = np.array([[3, 1, 3, 1], [2, 2, 2, 2], [0, 5, 5, 0]], np.float32)


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
def test_places_of_equal_values(op: str) -> None:
    cases: dict[str, Any] = {}
    for name, x in (("equal", EQUAL), ("whole", EQUAL.astype(np.int32))):
        for axis in (0, -1):
            for last in (0, 1):
                given = {"axis": axis, "keepdims": last, "select_last_index": last}
                cases[f"{name}{axis + 1}{last}"] = node_model(op, {"x": x}, **given), {"x": x}
    check_all(cases, oracle="reference", float16=False)


def test_places_in_float16() -> None:
    x = grid(2, 5, 6)
    check(node_model("ArgMax", {"x": x}, axis=1), {"x": x})


@pytest.mark.parametrize("largest", [0, 1])
def test_the_first_few(largest: int) -> None:
    x = grid(3, 5, 4)
    cases = {}
    for axis, k in ((0, 2), (1, 3), (-1, 4)):
        model = node_model(
            "TopK", {"x": x}, constants={"k": np.array([k])}, outputs=["v", "i"], axis=axis, largest=largest
        )
        cases[f"axis{axis + 1}"] = model, {"x": x}
    check_all(cases, expect=["topk"] * 3)


def test_the_first_few_of_integers_and_in_the_oldest_form() -> None:
    x = np.array([[3, -5, 7, 1], [0, 9, -2, 4]], np.int64)
    check(node_model("TopK", {"x": x}, constants={"k": np.array([2])}, outputs=["v", "i"]), {"x": x}, float16=False)
    x = grid(3, 5)
    check(node_model("TopK", {"x": x}, outputs=["v", "i"], opset=9, k=2), {"x": x})

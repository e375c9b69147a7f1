"""Unique."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.movement_support import case, check_cases, refused
from tests.exporter.tflite.harness import node_model


def repeated(*shape: int, dtype: str = "float32", most: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, most, shape).astype(dtype)


def test_entries_and_elements_in_both_orders() -> None:
    inputs = {"x": repeated(4, 4, most=2), "z": repeated(2, 3, 2, most=2), "d": np.arange(5, 0, -1).astype("float32")}
    cases = [
        case("Unique", name, outputs=4, axis=axis, sorted=order)
        for name, axis, order in (("x", None, 0), ("x", 0, 1), ("z", -1, 0), ("z", None, 1))
    ]
    cases += [case("Unique", "d", outputs=4, sorted=order) for order in (0, 1)]
    cases += [case("Unique", "c", outputs=4, sorted=order, constants={"c": repeated(9)}) for order in (0, 1)]
    cases += [case("Unique", "c", outputs=4, axis=1, sorted=0, constants={"c": repeated(2, 6, most=2)})]
    check_cases(cases, inputs, float16=False)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_types(dtype: str) -> None:
    x = repeated(9, dtype=dtype) - np.array(2, dtype)
    check_cases([case("Unique", outputs=4), case("Unique", outputs=4, sorted=0)], {"x": x})


def test_too_many_slices_are_refused() -> None:
    refused(node_model("Unique", {"x": np.zeros((300, 99), np.float32)}, axis=0), "pairs")

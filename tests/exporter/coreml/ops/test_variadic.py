"""Sum, Mean, Max, Min."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check_all
from tests.exporter.tflite.harness import node_model

A = np.array([[1, 2, 3], [4, -5, 6]], np.float32)
B = np.array([2, 2, -7], np.float32)
C = np.array([[0.5], [3]], np.float32)


OPS = ["Sum", "Mean", "Max", "Min"]


def test_three_with_broadcasting() -> None:
    fed = {"a": A, "b": B, "c": C}
    check_all({op: (node_model(op, fed), fed) for op in OPS})


def test_a_single_one() -> None:
    check_all({op: (node_model(op, {"a": A}), {"a": A}) for op in OPS}, expect=[])


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_integers(dtype: type) -> None:
    fed = {"a": np.abs(A).astype(dtype), "b": np.array([2, 2, 100], dtype)}
    check_all({op: (node_model(op, fed), fed) for op in ("Max", "Min")}, oracle="reference", float16=False)

"""Softmax, LogSoftmax and Hardmax in both forms."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import node_model

OPS = ["Softmax", "LogSoftmax", "Hardmax"]
X = grid(2, 3, 4)


@pytest.mark.parametrize("opset", [11, 13])
def test_along_each_axis(opset: int) -> None:
    axes = (0, 1, 2) if opset == 11 else (0, 1, -1)
    cases = {
        f"{op}{axis + 1}": (node_model(op, {"x": X}, opset=opset, axis=axis), {"x": X}) for op in OPS for axis in axes
    }
    check_all(cases)


def test_operators() -> None:
    cases = {op: (node_model(op, {"x": X}), {"x": X}) for op in OPS[:2]}
    check_all(cases, expect=["reduce_log_sum_exp", "softmax", "sub"])


def test_the_first_of_equal_ones_is_hard() -> None:
    x = np.array([[1, 3, 3], [2, 2, 2]], np.float32)
    check(node_model("Hardmax", {"x": x}), {"x": x})

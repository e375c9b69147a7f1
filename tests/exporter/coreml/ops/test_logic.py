"""Comparisons, boolean operators, NaN and infinity."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.tflite.harness import node_model

X = np.array([[1, 2, 3], [4, -5, 6]], np.float32)
COMPARISONS = ["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8])
def test_comparisons(dtype: type) -> None:
    fed = {"a": np.abs(X).astype(dtype), "b": np.array([4, 2, 2], dtype)}
    check_all({op: (node_model(op, fed), fed) for op in COMPARISONS}, float16=False, oracle="reference")


def test_truth_values() -> None:
    fed = {"a": np.array([[True], [False]]), "b": np.array([True, False])}
    check_all({op: (node_model(op, fed), fed) for op in ("And", "Or", "Xor", "Equal")}, float16=False)


def test_not() -> None:
    x = np.array([True, False, True])
    check(node_model("Not", {"x": x}), {"x": x}, expect=["cast", "logical_not", "not_equal"], float16=False)


def test_nan() -> None:
    x = np.array([0, np.nan, np.inf, -1], np.float32)
    check(node_model("IsNaN", {"x": x}), {"x": x})


@pytest.mark.parametrize("negative", [0, 1])
@pytest.mark.parametrize("positive", [0, 1])
def test_infinity(negative: int, positive: int) -> None:
    x = np.array([0, np.nan, np.inf, -np.inf, 3], np.float32)
    model = node_model("IsInf", {"x": x}, detect_negative=negative, detect_positive=positive)
    got, _ = run(model, {"x": x})
    want = (np.isposinf(x) * positive + np.isneginf(x) * negative).astype(np.int32)
    np.testing.assert_array_equal(got["y"], want)

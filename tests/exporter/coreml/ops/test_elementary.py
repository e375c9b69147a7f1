"""Functions of one number."""

import numpy as np
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.tflite.harness import node_model

X = np.array([-2.5, -1.5, -0.5, -1e-4, 0, 1e-4, 0.3, 0.5, 1.5, 2.5, 3.7, 9], np.float32)
UNIT = np.array([-0.99, -0.5, -1e-3, 0, 1e-3, 0.25, 0.9], np.float32)


EVERYWHERE = ["Exp", "Floor", "Ceil", "Round", "Sin", "Cos", "Atan", "Sinh", "Cosh", "Erf"]
WITHIN_ONE = ["Tan", "Asin", "Acos", "Atanh"]


def test_each_is_one_operator() -> None:
    cases = {op: (node_model(op, {"x": X}), {"x": X}) for op in EVERYWHERE}
    check_all(cases, expect=[op.lower() for op in EVERYWHERE])
    cases = {op: (node_model(op, {"x": UNIT}), {"x": UNIT}) for op in WITHIN_ONE}
    check_all(cases, rtol=1e-4, expect=[op.lower() for op in WITHIN_ONE])


def test_roots() -> None:
    check(node_model("Sqrt", {"x": X[4:]}), {"x": X[4:]}, expect=["sqrt"])


def test_logarithms_down_to_zero() -> None:
    got, _ = run(node_model("Log", {"x": X[3:]}), {"x": X[3:]})
    np.testing.assert_allclose(got["y"][2:], np.log(X[5:]), rtol=1e-5)
    assert np.isnan(got["y"][0])
    assert got["y"][1] == -np.inf


def test_asinh_small_and_large() -> None:
    x = np.array([-1e30, -300, -1, -1e-5, 0, 1e-6, 0.1, 0.99, 1, 1.01, 50, 1e38], np.float32)
    check(node_model("Asinh", {"x": x}), {"x": x}, atol=0, rtol=2e-6, float16=False)
    check(node_model("Asinh", {"x": x[1:-1]}), {"x": x[1:-1]}, atol=1e-9)


def test_acosh_small_and_large() -> None:
    x = np.array([1, 1.0001, 1.1, 1.24, 1.26, 2, 60, 1e30], np.float32)
    check(node_model("Acosh", {"x": x}), {"x": x}, atol=0, rtol=2e-6, float16=False)
    assert np.isnan(run(node_model("Acosh", {"x": x}), {"x": x - 1})[0]["y"][0])

"""CumSum and CumProd."""

import itertools

import numpy as np
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import node_model

X = grid(3, 5)


def test_sums() -> None:
    cases = {}
    for axis, exclusive, reverse in itertools.product((0, -1), (0, 1), (0, 1)):
        given = {"exclusive": exclusive, "reverse": reverse}
        model = node_model("CumSum", {"x": X}, constants={"axis": np.array(axis)}, **given)
        cases[f"c{axis + 1}{exclusive}{reverse}"] = model, {"x": X}
    check_all(cases, expect=["cumsum"] * len(cases))
    x = np.array([1, 2, -7], np.int32)
    check(node_model("CumSum", {"x": x}, constants={"axis": np.array(0)}), {"x": x}, float16=False)


def test_products() -> None:
    x = np.array([[1, 2, 3, 4, 5], [2, -1, 0.5, 3, 1]], np.float32)
    for exclusive, reverse in itertools.product((0, 1), (0, 1)):
        given = {"exclusive": exclusive, "reverse": reverse, "opset": 26}
        got, _ = run(node_model("CumProd", {"x": x}, constants={"axis": np.array(1)}, **given), {"x": x})
        data = x[:, ::-1] if reverse else x
        want = np.cumprod(data, axis=1)
        if exclusive:
            want = np.concatenate([np.ones((2, 1)), want[:, :-1]], 1)
        np.testing.assert_allclose(got["y"], want[:, ::-1] if reverse else want, rtol=1e-6)

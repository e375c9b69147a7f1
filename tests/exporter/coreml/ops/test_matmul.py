"""MatMul and Gemm."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

HOW: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}
SHAPES = [
    ((3, 4), (4, 5)),
    ((2, 3, 4), (4, 5)),
    ((2, 2, 3, 4), (4, 5)),
    ((2, 1, 3, 4), (3, 4, 2)),
    ((4,), (4, 3)),
    ((3, 4), (4,)),
    ((4,), (2, 4, 3)),
    ((2, 3, 4), (4,)),
    ((4,), (4,)),
]


@pytest.mark.parametrize("constant", [False, True])
def test_products_of_all_ranks(constant: bool) -> None:
    cases: dict[str, Any] = {}
    for place, (left, right) in enumerate(SHAPES):
        x, w = grid(*left), grid(*right, seed=1)
        model = (
            node_model("MatMul", {"x": x}, constants={"w": w}) if constant else node_model("MatMul", {"x": x, "w": w})
        )
        cases[f"c{place}"] = model, {"x": x} if constant else {"x": x, "w": w}
    check_all(cases, **HOW)


def test_constant_weights_are_one_operator() -> None:
    fed = {"x": grid(2, 3, 4)}
    check(node_model("MatMul", fed, constants={"w": grid(4, 5)}), fed, **HOW, expect=["linear"])
    fed = {"x": grid(3, 4)}
    gemm = {"w": grid(5, 4, seed=1), "c": grid(5, seed=2)}
    check(node_model("Gemm", fed, constants=gemm, alpha=0.5, beta=2.0, transB=1), fed, **HOW, expect=["linear"])


def test_integers() -> None:
    fed = {"x": np.array([[1, 2], [3, -4]], np.int32), "w": np.array([[5, 0], [-1, 7]], np.int32)}
    check(node_model("MatMul", fed), fed, float16=False)
    check(node_model("Gemm", fed, transA=1), fed, float16=False, oracle="reference")
    with pytest.raises(PortproofError, match="integers with alpha"):
        run(node_model("Gemm", fed, alpha=2.0), fed)


@pytest.mark.parametrize("flip", [0, 1])
@pytest.mark.parametrize("constants", [(), ("w",), ("c",), ("w", "c")])
def test_sums_of_products(flip: int, constants: tuple[str, ...]) -> None:
    cases: dict[str, Any] = {}
    for place, shape in enumerate([(5,), (1, 5), (3, 1), (3, 5), ()]):
        arrays = {"x": grid(*((4, 3) if flip else (3, 4))), "w": grid(*((5, 4) if flip else (4, 5)), seed=1)}
        arrays["c"] = np.asarray(grid(*shape, seed=2) + np.float32(0.5))
        fed = {name: array for name, array in arrays.items() if name not in constants}
        fixed = {name: arrays[name] for name in constants}
        given = {"alpha": 0.5, "beta": 1.5, "transA": flip, "transB": flip, "order": ["x", "w", "c"]}
        cases[f"c{place}"] = node_model("Gemm", fed, constants=fixed, **given), fed
    check_all(cases, **HOW)


def test_without_a_sum() -> None:
    fed = {"x": grid(3, 4), "w": grid(4, 5)}
    cases = {
        "none": (node_model("Gemm", fed, alpha=2.0), fed),
        "old": (node_model("Gemm", {**fed, "c": grid(5)}, opset=6, broadcast=1, beta=0.0), {**fed, "c": grid(5)}),
    }
    check(*cases["none"], **HOW)
    got, _ = run(*cases["old"])
    np.testing.assert_allclose(got["y"], fed["x"] @ fed["w"], rtol=1e-4, atol=1e-5)

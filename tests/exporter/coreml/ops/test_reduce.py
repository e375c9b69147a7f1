"""Reductions over axes."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreml.harness import Arrays, check, check_all, run
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

OPS = ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"]
X = np.abs(grid(2, 3, 4)) + np.float32(0.25)


def _input(op: str, x: np.ndarray, axes: list[int] | None, **attributes: Any) -> tuple[Any, Arrays]:
    constants = {} if axes is None else {"axes": np.array(axes, np.int64)}
    return node_model(f"Reduce{op}", {"x": x}, constants=constants, **attributes), {"x": x}


@pytest.mark.parametrize(("axes", "keepdims"), [([1], 1), ([-1, 0], 0), (None, 1), (None, 0)])
def test_each_over_axes(axes: list[int] | None, keepdims: int) -> None:
    check_all({op: _input(op, X, axes, keepdims=keepdims) for op in OPS}, rtol=1e-4)


def test_one_operator_each() -> None:
    cases = {op: _input(op, X, [0]) for op in ("Sum", "Mean", "LogSumExp")}
    check_all(cases, expect=["reduce_log_sum_exp", "reduce_mean", "reduce_sum"])


def test_no_axes() -> None:
    check_all({op: _input(op, X, [], noop_with_empty_axes=1) for op in ("Sum", "Max", "LogSumExp")}, expect=[])
    fed = {"x": -X}
    for op, want in (("L1", X), ("L2", X), ("SumSquare", X * X)):
        got, _ = run(_input(op, -X, [], noop_with_empty_axes=1)[0], fed)
        np.testing.assert_allclose(got["y"], want, rtol=1e-6)


def test_axes_as_an_attribute() -> None:
    cases = {op: (node_model(f"Reduce{op}", {"x": X}, opset=11, axes=[1, 2]), {"x": X}) for op in OPS}
    check_all(cases, rtol=1e-4)


def test_integers() -> None:
    x = np.array([[1, -2, 3], [7, 5, -9]], np.int32)
    check_all(
        {op: _input(op, x, [1]) for op in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "SumSquare")}, float16=False
    )
    check_all({op: _input(op, np.abs(x), [1]) for op in ("L2", "LogSum", "LogSumExp")}, float16=False)


def test_truth_values() -> None:
    x = np.array([[True, False], [True, True]])
    check_all({op: _input(op, x, [1]) for op in ("Max", "Min")}, oracle="reference", float16=False)


def test_axes_computed_at_run_time() -> None:
    fed = {"x": X, "axes": np.array([1])}
    with pytest.raises(PortproofError, match="axes is computed at run time"):
        run(node_model("ReduceSum", fed), fed)


def test_a_scalar() -> None:
    x = np.array(2.5, np.float32)
    check(*_input("SumSquare", x, None))

"""What float16 would do to single operators."""

import numpy as np
import pytest
import torch

from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.program import Block, Function, Literal, NamedType, Operation, TensorType
from portproof.runtimes.coreml.survey import LARGEST, Observed, Survey


def survey(op: str, shape: tuple[int, ...], out: tuple[int, ...], x: torch.Tensor, **constants: np.ndarray) -> Observed:
    y = NamedType(name="y", type=TensorType(dtype="float32", shape=out))
    inputs = {name: (_literal(array),) for name, array in constants.items()}
    operation = Operation(type=op, inputs={"x": ("x",), **inputs}, outputs=(y,))
    function = Function(
        name="main",
        inputs=(NamedType(name="x", type=TensorType(dtype="float32", shape=shape)),),
        opset="CoreML7",
        block=Block(inputs=(), outputs=("y",), operations=(operation,)),
    )
    seen = Survey()
    Executable(function, observe=seen).run({"x": x})
    return seen.operators["y"]


def _literal(array: np.ndarray) -> Literal:
    return Literal(type=TensorType(dtype=array.dtype.name, shape=array.shape), value=array)


def test_a_mean_of_small_numbers_may_sum_up_beyond_the_range() -> None:
    x = torch.full((1, 70_000), 1.5)
    seen = survey("reduce_mean", (1, 70_000), (1, 1), x, axes=np.array([1], np.int32), keep_dims=np.array(True))
    assert seen.largest_sum == pytest.approx(105_000)
    assert seen.overflows
    assert seen.high == 1.5


def test_squares_count_for_norms_and_magnitudes_for_products() -> None:
    x = torch.full((1, 4), 200.0)
    axes = {"axes": np.array([1], np.int32), "keep_dims": np.array(True)}
    assert survey("reduce_l2_norm", (1, 4), (1, 1), x, **axes).largest_sum == 160_000
    weight = np.array([[200, -200, 200, -200]], np.float32)
    assert survey("linear", (1, 4), (1, 1), x, weight=weight).largest_sum == 160_000


def test_the_error_is_that_of_the_operator_alone() -> None:
    x = torch.tensor([[10.0, 11.001]])
    exact = survey("relu", (1, 2), (1, 2), x)
    assert exact.error == pytest.approx(abs(float(np.float16(11.001)) - 11.001) / 11.001, rel=1e-2)
    assert survey("exp", (1, 2), (1, 2), x).error > 4 * exact.error


def test_masks_leave_the_range_on_one_side_only() -> None:
    low = survey("relu", (1, 2), (1, 2), torch.tensor([[-3e38, 1.0]]))
    assert low.underflows
    assert not low.overflows
    assert survey("relu", (1, 2), (1, 2), torch.tensor([[-3e38, LARGEST * 2]])).overflows

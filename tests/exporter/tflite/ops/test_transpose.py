import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import node_model, ops_of
from tests.exporter.tflite.ops.movement_support import RARE_TYPES, TYPES, check_both, data, few, refused, shapes


@pytest.mark.parametrize("perm", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 2, 2)])
def test_every_order_of_three_axes(perm: tuple[int, ...], shape: tuple[int, ...]) -> None:
    x = data(shape)
    check_both(node_model("Transpose", {"x": x}, perm=list(perm)), {"x": x})


@pytest.mark.parametrize("rank", range(7))
def test_the_default_reverses_the_axes(rank: int) -> None:
    x = data((2, 3, 1, 2, 2, 3)[:rank])
    check_both(node_model("Transpose", {"x": x}), {"x": x})


@pytest.mark.parametrize("dtype", TYPES + RARE_TYPES)
def test_every_type(dtype: str) -> None:
    x = data((2, 3), dtype)
    check_both(node_model("Transpose", {"x": x}), {"x": x})


@pytest.mark.parametrize(
    ("shape", "perm"),
    [
        ((2, 2, 2, 2, 2, 2, 2), (0, 2, 1, 3, 4, 5, 6)),
        ((2, 1, 2, 1, 2, 1, 2, 1), (6, 7, 4, 5, 2, 3, 0, 1)),
        ((1, 2, 2, 2, 3, 2, 2, 2), (0, 4, 5, 6, 1, 2, 3, 7)),
    ],
)
def test_above_rank_six_neighbours_are_merged(shape: tuple[int, ...], perm: tuple[int, ...]) -> None:
    x = data(shape)
    model = node_model("Transpose", {"x": x}, perm=list(perm))
    check_both(model, {"x": x})
    assert ops_of(model)["RESHAPE"] == 2


def test_seven_separate_axes_are_refused() -> None:
    refused(node_model("Transpose", {"x": data((2,) * 7)}), "7 separate axes")


def test_the_identity_order_emits_a_copy_only_for_the_output() -> None:
    x = data((2, 3))
    assert ops_of(node_model("Transpose", {"x": x}, perm=[0, 1])) == {"RESHAPE": 1}


@few
@given(shape=shapes(1, 6), order=st.permutations(range(6)))
def test_any_order_of_any_shape(shape: list[int], order: list[int]) -> None:
    x = data(shape)
    perm = [axis for axis in order if axis < len(shape)]
    check_both(node_model("Transpose", {"x": x}, perm=perm), {"x": x})


@few
@given(shape=st.lists(st.sampled_from([1, 2]), min_size=7, max_size=8), turn=st.integers(0, 7))
def test_any_rotation_above_rank_six(shape: list[int], turn: int) -> None:
    x = data(shape)
    perm = [int(axis) for axis in np.roll(range(len(shape)), turn)]
    check_both(node_model("Transpose", {"x": x}, perm=perm), {"x": x})

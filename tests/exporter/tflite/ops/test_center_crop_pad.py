import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import node_model
from tests.exporter.tflite.ops.movement_support import TYPES, check_both, data, few, refused, shapes


def crop_or_pad(x: np.ndarray, wanted: list[int], axes: list[int] | None = None) -> None:
    model = node_model("CenterCropPad", {"x": x}, constants={"s": np.array(wanted)}, axes=axes)
    check_both(model, {"x": x}, oracle="reference")


@pytest.mark.parametrize("wanted", [[2, 3], [7, 8], [8, 3], [5, 5], [5, 6], [4, 4]])
def test_both_parities(wanted: list[int]) -> None:
    crop_or_pad(data((5, 5)), wanted)


@pytest.mark.parametrize("axes", [[1, 2], [-1, 1], [2]])
def test_axes(axes: list[int]) -> None:
    crop_or_pad(data((3, 4, 5)), [6, 2][: len(axes)], axes)


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype: str) -> None:
    crop_or_pad(data((3, 2), dtype), [2, 5])


def test_padding_above_rank_five_is_refused() -> None:
    x = data((1, 1, 1, 1, 1, 2))
    refused(node_model("CenterCropPad", {"x": x}, constants={"s": np.array([3])}, axes=[5]), "5 dimensions")
    crop_or_pad(x, [1], [5])


def test_padding_of_a_type_without_a_kernel_is_refused() -> None:
    refused(node_model("CenterCropPad", {"x": data((2,), "float64")}, constants={"s": np.array([3])}), "float64")


@few
@given(shape=shapes(1, 4), wanted=st.lists(st.integers(1, 6), min_size=4, max_size=4))
def test_any_sizes(shape: list[int], wanted: list[int]) -> None:
    crop_or_pad(data(shape), wanted[: len(shape)])

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.indices import flat_elements, wrap
from portproof.exporter.tflite.values import array_of, constant


def run_time(dtype: ir.DataType = ir.DataType.INT64, *shape: int) -> ir.Value:
    return ir.Value(name="i", shape=ir.Shape(shape), type=ir.TensorType(dtype))


def test_constants_are_wrapped_at_once_to_int32() -> None:
    b = Builder(23)
    wrapped = array_of(wrap(b, constant(np.array([-1, 0, -3], np.int64)), 3))
    assert wrapped is not None
    assert wrapped.dtype == np.int32
    assert wrapped.tolist() == [2, 0, 0]
    assert not b.nodes


@pytest.mark.parametrize("outside", [3, -4])
def test_a_constant_outside_is_refused(outside: int) -> None:
    with pytest.raises(Refusal, match="outside"):
        wrap(Builder(23), constant(np.array([outside])), 3)


def test_run_time_indices_are_compared_and_chosen() -> None:
    b = Builder(23)
    wrap(b, run_time(ir.DataType.INT64, 2), 3)
    assert sorted(node.op_type for node in b.nodes) == ["ADD", "LESS", "SELECT_V2"]


@pytest.mark.parametrize(
    ("ops", "wrapped"),
    [(["ARG_MAX"], False), (["ARG_MAX", "CAST", "RESHAPE"], False), (["ABS"], True), (["ABS", "RESHAPE"], True)],
)
def test_what_cannot_be_negative_is_left_alone(ops: list[str], wrapped: bool) -> None:
    b, value = Builder(23), run_time(ir.DataType.INT32, 2)
    for op in ops:
        value = b.emit(op, [value], shape=(2,), dtype="int32")
    assert (wrap(b, value, 3) is not value) == wrapped


def test_data_too_large_for_flat_indices_is_refused() -> None:
    with pytest.raises(Refusal, match="32-bit"):
        flat_elements(Builder(23), run_time(ir.DataType.INT64, 1, 1), (2**16, 2**16), 0)


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=4), choice=st.integers(0, 3), seed=st.integers(0, 9))
def test_flat_indices_find_what_take_along_axis_finds(shape: list[int], choice: int, seed: int) -> None:
    axis, rng = choice % len(shape), np.random.default_rng(seed)
    data = rng.permutation(int(np.prod(shape))).reshape(shape)
    index = rng.integers(-shape[axis], shape[axis], shape)
    flat = array_of(flat_elements(Builder(23), constant(index), shape, axis))
    np.testing.assert_array_equal(data.reshape(-1)[flat], np.take_along_axis(data, index, axis))

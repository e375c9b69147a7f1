import numpy as np
import pytest

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.carrier import carried, carrier
from portproof.exporter.tflite.values import array_of, constant, dtype_of

ALL = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float16", "float32")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("kernel", ALL)
def test_a_carrier_holds_both_ends_of_the_type(name: str, kernel: str) -> None:
    dtype = np.dtype(name)
    try:
        found = carrier(dtype, {kernel}, "Op")
    except Refusal:
        return
    assert found == kernel
    if dtype.kind == "b":
        ends = np.array([False, True])
    else:
        info = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
        ends = np.array([info.min, info.max], dtype)
    np.testing.assert_array_equal(ends.astype(kernel).astype(dtype), ends)


def test_the_type_itself_comes_first_and_then_the_narrowest() -> None:
    assert carrier(np.dtype("int8"), {"int8", "int32"}, "Op") == "int8"
    assert carrier(np.dtype("uint8"), {"int64", "int32", "float32"}, "Op") == "int32"
    assert carrier(np.dtype("uint32"), {"int32", "int64"}, "Op") == "int64"


@pytest.mark.parametrize("name", ["int64", "uint64", "float64"])
def test_the_widest_types_are_never_cut(name: str) -> None:
    with pytest.raises(Refusal, match=name):
        carrier(np.dtype(name), {"int32", "float32"}, "Op")


def test_float64_is_cut_where_it_is_computed_with() -> None:
    assert carrier(np.dtype("float64"), {"float32"}, "Op", computes=True) == "float32"
    with pytest.raises(Refusal, match="int64"):
        carrier(np.dtype("int64"), {"float32"}, "Op", computes=True)


def test_what_the_kernel_has_is_left_alone() -> None:
    b, x = Builder(23), constant(np.ones(2, np.float32))
    assert carried(b, x, {"float32"}, "Op") is x
    wide = carried(b, constant(np.array([-7], np.int16)), {"int32"}, "Op")
    assert dtype_of(wide) == np.int32
    assert array_of(wide) == np.array([-7])

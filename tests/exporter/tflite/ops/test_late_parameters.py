"""Parameters computed at run time, where the model declares the shape that comes out."""

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, inferred, onnx_outputs, tflite_outputs
from tests.exporter.tflite.ops.numeric_support import few, refused, sample

from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write


def declared(
    op: str, arrays: Sequence[np.ndarray | None], shape: Sequence[int], **options: Any
) -> tuple[ir.Model, dict]:
    """The model of one node whose inputs all come at run time, and whose output has a declared shape."""
    opset = options.pop("opset", 20)
    named = {f"i{number}": array for number, array in enumerate(arrays) if array is not None}
    order = [f"i{number}" if array is not None else "" for number, array in enumerate(arrays)]
    node = onnx.helper.make_node(op, order, ["y"], **options)
    types = {name: onnx.helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in named.items()}
    infos = [onnx.helper.make_tensor_value_info(name, types[name], array.shape) for name, array in named.items()]
    output = onnx.helper.make_tensor_value_info("y", types["i0"], shape)
    graph = onnx.helper.make_graph([node], "g", infos, [output])
    opsets = [onnx.helper.make_opsetid("", opset)]
    return inferred(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9)), named


def agrees(op: str, arrays: Sequence[np.ndarray | None], shape: Sequence[int], **options: Any) -> None:
    model, fed = declared(op, arrays, shape, **options)
    check(model, fed)
    want = onnx_outputs(model, fed)["y"]
    got = tflite_outputs(write(lower(model)), fed, reference=True)["y"]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def ints(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


REDUCTIONS = ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "SumSquare"]


@pytest.mark.parametrize("op", REDUCTIONS)
@pytest.mark.parametrize(("axes", "kept"), [((1,), (3, 1, 3)), ((-1, 0), (1, 3, 1))])
def test_axes_of_reductions(op: str, axes: tuple[int, ...], kept: tuple[int, ...]) -> None:
    x = sample((3, 3, 3), positive=True)
    agrees(f"Reduce{op}", [x, ints(*axes)], kept, keepdims=1)
    agrees(f"Reduce{op}", [x, ints(*axes)], [3] * (3 - len(axes)), keepdims=0)


def test_other_forms_of_reductions() -> None:
    x = sample((3, 3))
    agrees("ReduceLogSumExp", [100 * x, ints(1)], (3, 1))
    agrees("ReduceSum", [sample((3, 3), "int32"), ints(1)], (3, 1))
    agrees("ReduceSum", [x, ints()], (1, 1))
    agrees("ReduceSum", [x, ints()], (3, 3), noop_with_empty_axes=1)
    agrees("ReduceSum", [sample((3, 0)), ints(1)], (3, 1))
    for axes, kept in (((1,), (3,)), ((0,), (3,)), ((-1, 0), ())):
        agrees("ReduceLogSumExp", [100 * x, ints(*axes)], kept, keepdims=0)


@few
@given(st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([1, 2, -1, -3]), st.sampled_from([0, 1, -1]))
def test_bounds_of_slices(start: int, end: int, step: int, axis: int) -> None:
    x = sample((5, 5))
    key = [slice(None)] * 2
    entries = range(5)[slice(start if start >= -5 or step > 0 else 0, end, step)]
    key[axis] = list(entries)
    if len(entries):
        agrees("Slice", [x, ints(start), ints(end), ints(axis), ints(step)], x[tuple(key)].shape)


def test_slices_without_axes_or_steps_and_to_the_far_end() -> None:
    x = sample((4, 5, 6), "int32")
    agrees("Slice", [x, ints(1, 2), ints(2**63 - 1, -1)], (3, 2, 6))
    agrees("Slice", [x, ints(-1), ints(-(2**63)), ints(1), ints(-2)], (4, 3, 6))
    agrees("Slice", [x, ints(1), ints(1), ints(1)], (4, 0, 6))
    refused(declared("Slice", [sample((2,) * 6), ints(0), ints(1)], (1, *(2,) * 5)), "rank 6")


@pytest.mark.parametrize("k", [-9, -1, 0, 2, 9])
def test_diagonals(k: int) -> None:
    for upper in (0, 1):
        agrees("Trilu", [sample((2, 4, 4)), np.array(k)], (2, 4, 4), upper=upper)


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64"])
def test_ranges(dtype: str) -> None:
    agrees("Range", [np.array(number, dtype) for number in (3, 20, 4)], (5,))
    agrees("Range", [np.array(number, dtype) for number in (9, -1, -3)], (4,))


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_a_range_of_another_length_than_declared_is_seen(dtype: str) -> None:
    model, fed = declared("Range", [np.array(number, dtype) for number in (3, 20, 4)], (5,))
    with contextlib.suppress(RuntimeError, ValueError):
        assert tflite_outputs(write(lower(model)), {**fed, "i1": np.array(40, dtype)})["y"].shape != (5,)


def test_pads() -> None:
    x = sample((2, 3, 4))
    agrees("Pad", [x, ints(1, 0, 2, 0, 0, 3)], (3, 3, 9))
    agrees("Pad", [x, ints(1, 0, 2, 0, 0, 3), np.array(7, np.float32)], (3, 3, 9))
    agrees("Pad", [x, ints(1, 2), None, ints(-1)], (2, 3, 7))
    agrees("Pad", [x, ints(1, 0, 0, 2), np.array(7, np.float32), ints(2, 0)], (2, 3, 7))
    refused(declared("Pad", [sample((1,) * 6), ints(*[0] * 12)], (1,) * 6), "rank 6")


@pytest.mark.parametrize("mode", ["edge", "reflect", "wrap"])
def test_pads_of_entries_that_are_repeated(mode: str) -> None:
    x = sample((3, 3))
    for widths in ((1, 0, 0, 2), (2, 2, 2, 2), (-1, 1, 1, -1), (0, -2, 0, 0), (1, 0, -1, 0)):
        shape = tuple(3 + widths[axis] + widths[axis + 2] for axis in range(2))
        agrees("Pad", [x, ints(*widths)], shape, mode=mode)
    agrees("Pad", [x, ints(2, 1), None, ints(-1)], (3, 6), mode=mode)
    agrees("Pad", [sample((3, 3), "int32"), ints(1, 1, 1, 1)], (5, 5), mode=mode)
    agrees("Pad", [sample((1, 2)), ints(0, 1, 0, 1)], (1, 4), mode=mode)
    refused(declared("Pad", [sample((0, 2)), ints(0, 1, 0, 1)], (0, 4), mode=mode), "empty")


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_the_axis_of_running_sums(axis: int) -> None:
    agrees("CumSum", [sample((3, 3)), np.array(axis)], (3, 3), reverse=1)


def test_sizes_that_the_output_tells() -> None:
    x = sample((1, 2, 4, 4))
    agrees("Resize", [x, None, None, ints(1, 2, 3, 7)], (1, 2, 3, 7), mode="linear")
    agrees("Resize", [x, None, None, ints(8, 8)], (1, 2, 8, 8), mode="nearest", axes=[2, 3])
    fixed = declared("Resize", [x, None, None, ints(1, 2, 3, 7)], (1, 2, 3, 7))[0]
    with pytest.raises((RuntimeError, ValueError)):  # never another size than the caller asks for
        tflite_outputs(write(lower(fixed)), {"i0": x, "i3": ints(1, 2, 5, 5)})


def test_the_shape_that_was_unpooled() -> None:
    x, places = sample((1, 1, 2, 2)), np.array([[[[5, 7], [13, 15]]]])
    shape = (1, 1, 5, 6)
    model, fed = declared("MaxUnpool", [x, places, ints(*shape)], shape, kernel_shape=[2, 2], strides=[2, 2])
    check(model, fed, oracle="reference")


@pytest.mark.parametrize("axis", [1, 2, -2])
@pytest.mark.parametrize("options", [{}, {"inverse": 1}, {"onesided": 1}])
def test_the_axis_of_a_transform(axis: int, options: dict[str, int]) -> None:
    x = sample((2, 4, 4, 1 if "onesided" in options else 2))
    shape = [2, 4, 4, 2]
    if "onesided" in options:
        shape[axis] = 3
    model, fed = declared("DFT", [x, None, np.array(axis)], shape, **options)
    check(model, fed, oracle="reference", rtol=1e-4, atol=1e-5)


def test_an_axis_that_does_not_give_the_declared_shape_fails() -> None:
    model, fed = declared("DFT", [sample((2, 4, 6, 1)), None, np.array(1)], (2, 3, 6, 2), onesided=1)
    with pytest.raises((RuntimeError, ValueError)):
        tflite_outputs(write(lower(model)), {**fed, "i2": np.array(2)})
    refused(declared("DFT", [sample((2, 4, 6, 1)), None, np.array(1)], (2, 9, 9, 2))[0:2], "no axis")


@few
@given(st.sampled_from([(2, 2), (3, 1), (1, 3)]), st.sampled_from([1, 2]), st.sampled_from([1, 2]), st.integers(0, 1))
def test_shapes_of_blocks(block: tuple[int, int], stride: int, dilation: int, pad: int) -> None:
    counts = [(5 + 2 * pad - dilation * (k - 1) - 1) // stride + 1 for k in block]
    x = sample((2, 3 * block[0] * block[1], counts[0] * counts[1]))
    options = {"strides": [stride] * 2, "dilations": [dilation] * 2, "pads": [pad] * 4}
    agrees("Col2Im", [x, ints(5, 5), ints(*block)], (2, 3, 5, 5), **options)


def test_blocks_of_integers_and_volumes() -> None:
    agrees("Col2Im", [sample((1, 4, 4)), ints(3, 3), ints(2, 2)], (1, 1, 3, 3))
    x = sample((1, 8, 8), "int32")
    model, fed = declared("Col2Im", [x, ints(3, 3, 3), ints(2, 2, 2)], (1, 1, 3, 3, 3))
    check(model, fed, oracle="reference")

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, ops_of
from tests.exporter.tflite.ops.movement_support import RARE_TYPES, TYPES, check_both, data, few, refused, shapes


def int64(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


@pytest.mark.parametrize(
    ("shape", "wanted", "allowzero"),
    [
        ((2, 3, 4), (4, 6), None),
        ((2, 3, 4), (-1,), None),
        ((2, 3, 4), (0, -1), None),
        ((2, 2, 2), (2, 0, -1, 1), None),
        ((2, 3, 4), (0, 0, 2, 2), 0),
        ((0, 3), (3, 0), 1),
        ((1, 1), (), None),
        ((), (1, 1, 1), None),
        ((1, 2, 1, 3, 1, 2), (-1, 3, 2), None),
        ((2, 1, 2, 1, 2, 1), (1, 2, 1, 2, 1, 2), None),
    ],
)
def test_reshape(shape: tuple[int, ...], wanted: tuple[int, ...], allowzero: int | None) -> None:
    x = data(shape)
    check_both(node_model("Reshape", {"x": x}, constants={"s": int64(*wanted)}, allowzero=allowzero), {"x": x})


@pytest.mark.parametrize("dtype", TYPES + RARE_TYPES)
def test_reshape_has_every_type(dtype: str) -> None:
    x = data((2, 3), dtype)
    check_both(node_model("Reshape", {"x": x}, constants={"s": int64(3, 2)}), {"x": x})


@pytest.mark.parametrize("opset", [7, 13, 14, 19, 21, 23, 24])
def test_reshape_opsets(opset: int) -> None:
    x = data((2, 3))
    check_both(node_model("Reshape", {"x": x}, constants={"s": int64(0, -1, 1)}, opset=opset), {"x": x})


def test_a_shape_computed_from_static_shapes_is_known() -> None:
    x = data((2, 3, 4))
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[2,3,4] x) => (float[a,b] y) {
      size = Shape <end=1> (x)  shape = Concat <axis=0> (size, minus)  y = Reshape (x, shape)
    }"""
    check_both(model_of(text, minus=int64(-1)), {"x": x})


def test_a_computed_shape_that_inference_does_not_know_is_refused() -> None:
    x = data((2, 3))
    refused(node_model("Reshape", {"x": x, "s": int64(3, 2)}), "not known before run time")


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -3])
def test_flatten(axis: int) -> None:
    x = data((2, 3, 2))
    check_both(node_model("Flatten", {"x": x}, axis=axis), {"x": x})


def test_flatten_of_a_scalar() -> None:
    x = data(())
    check_both(node_model("Flatten", {"x": x}, axis=0), {"x": x})


@pytest.mark.parametrize("opset", [9, 11, 13, 21, 24])
@pytest.mark.parametrize("axes", [None, [1], [0, 2], [3]])
def test_squeeze(opset: int, axes: list[int] | None) -> None:
    x = data((1, 1, 1, 1, 2) if axes is None else (1, 1, 1, 1, 1))
    given_as_input = opset >= 13 and axes is not None
    constants = {"a": int64(*axes)} if given_as_input and axes else None
    model = node_model("Squeeze", {"x": x}, constants=constants, opset=opset, axes=None if opset >= 13 else axes)
    check_both(model, {"x": x})


@pytest.mark.parametrize("opset", [9, 11, 13, 21, 24])
@pytest.mark.parametrize("axes", [[0], [3, 0], [1, 2, 4]])
def test_unsqueeze(opset: int, axes: list[int]) -> None:
    x = data((2, 2))
    constants = {"a": int64(*axes)} if opset >= 13 else None
    model = node_model("Unsqueeze", {"x": x}, constants=constants, opset=opset, axes=None if opset >= 13 else axes)
    check_both(model, {"x": x})


def test_negative_axes_count_in_the_output_of_unsqueeze() -> None:
    x = data((2, 3))
    check_both(node_model("Unsqueeze", {"x": x}, constants={"a": int64(-1, -4)}), {"x": x})
    check_both(
        node_model("Squeeze", {"x": data((2, 1, 3, 1))}, constants={"a": int64(-1, -3)}), {"x": data((2, 1, 3, 1))}
    )


def test_a_reshape_to_the_same_shape_is_nothing() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[2,3] x) => (float[2,3] y) { z = Reshape (x, s)  y = Abs (z) }"""
    assert ops_of(model_of(text, s=int64(2, 3))) == {"ABS": 1}


@few
@given(shape=shapes(1, 5), choice=st.integers(0, 4))
def test_any_axis_may_be_split_off(shape: list[int], choice: int) -> None:
    x = data(shape)
    axis = choice % len(shape)
    wanted = int64(*(0 if position < axis else -1 for position in range(axis + 1)))
    check_both(node_model("Reshape", {"x": x}, constants={"s": wanted}), {"x": x})

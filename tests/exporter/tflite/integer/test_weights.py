"""Weights, biases and operands from constants that remember their integers."""

import numpy as np
import pytest

from portproof.exporter.tflite.integer.record import (
    Integers,
    integers_of,
    moved,
    per_tensor,
    quantization_of,
    rescaled,
    set_integers,
)
from portproof.exporter.tflite.integer.weights import activation_of, bias_of, weights_of
from portproof.exporter.tflite.values import array_of, constant


def _constant(numbers, scale, zero=0, bits: int = 8):
    numbers, scale = np.asarray(numbers), np.asarray(scale, np.float32)
    zeros = np.broadcast_to(np.asarray(zero, np.int32), scale.shape)
    value = constant(((numbers.astype(np.int32) - zeros) * scale).astype(np.float32), "w")
    set_integers(value, Integers(numbers=numbers, scale=scale, zero_point=zeros, bits=bits))
    return value


ROWS = np.arange(-6, 6, dtype=np.int8).reshape(3, 4)
SCALES = np.array([[0.5], [0.25], [1.0]])


def test_weights_with_a_scale_for_each_row() -> None:
    found = weights_of(_constant(ROWS, SCALES), 0)
    assert not isinstance(found, str)
    assert array_of(found.value).tolist() == ROWS.tolist()
    assert quantization_of(found.value).scales == (0.5, 0.25, 1.0)


def test_moves_take_the_integers_along() -> None:
    turned = moved(_constant(ROWS, SCALES), np.transpose)
    found = weights_of(turned, 1)
    assert array_of(found.value).tolist() == ROWS.T.tolist()
    assert (quantization_of(found.value).axis, found.scale.tolist()) == (1, [0.5, 0.25, 1.0])
    assert weights_of(turned, 0) == "its weights have scales along another axis than the output channels"
    flat = moved(_constant(ROWS, SCALES), lambda array: array.reshape(1, 3, 2, 2)[:, ::-1])
    assert weights_of(flat, 1).scale.tolist() == [1.0, 0.25, 0.5]


def test_one_scale_for_all_is_written_once() -> None:
    found = weights_of(_constant(ROWS, 0.5), 0)
    assert quantization_of(found.value) == per_tensor(0.5, 0)


def test_uint8_weights_around_128_are_symmetric() -> None:
    numbers = (ROWS.astype(np.int16) + 128).astype(np.uint8)
    assert array_of(weights_of(_constant(numbers, 0.5, 128), 0).value).tolist() == ROWS.tolist()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (_constant([[-128]], 1.0), "not symmetric"),
        (_constant([[100]], 1.0, -100), "not symmetric"),
        (_constant([[5]], 1.0, bits=16), "16 bits"),
        (constant(np.ones((2, 2), np.float32)), "not quantized"),
        (None, "computed when running"),
    ],
)
def test_weights_that_no_kernel_takes(value, why: str) -> None:
    assert why in weights_of(value, 0)


def test_a_factor_goes_into_the_scale() -> None:
    value = rescaled(_constant(ROWS, 0.5), np.array([1]), 3.0)
    assert integers_of(value).numbers is not None
    assert weights_of(value, 0).scale.tolist() == [0.5, 1.5, 0.5]
    np.testing.assert_array_equal(array_of(value)[1], ROWS[1] * 1.5)
    assert integers_of(rescaled(_constant(ROWS, 0.5), np.array([1]), -3.0)) is None


def test_biases_are_counted_in_steps_of_the_product() -> None:
    scale = np.array([0.5, 0.25], np.float64)
    plain = bias_of(constant(np.array([1.1, -0.6], np.float32)), scale, "int8")
    assert (array_of(plain).tolist(), array_of(plain).dtype) == ([2, -2], np.int32)
    assert quantization_of(plain).scales == (0.5, 0.25)
    exact = bias_of(_constant(np.array([2**24 + 1, 3], np.int32), [0.5, 0.25], bits=32), scale, "int8")
    assert array_of(exact).tolist() == [2**24 + 1, 3]
    assert array_of(bias_of(constant(np.array([1e12, 0], np.float32)), scale, "int16")).dtype == np.int64
    assert "does not fit int32" in bias_of(constant(np.array([1e12, 0], np.float32)), scale, "int8")
    assert bias_of(None, scale, "int8") == "its bias is computed when running"


def test_scales_of_0_are_made_positive() -> None:
    found = weights_of(_constant(ROWS, [[0.5], [0.0], [0.25]]), 0)
    assert found.scale.tolist() == [0.5, 0.5, 0.25]
    assert array_of(found.value)[1].tolist() == [0, 0, 0, 0]
    assert weights_of(_constant(ROWS, 0.0), 0).scale.tolist() == [1.0, 1.0, 1.0]
    dead = weights_of(_constant(ROWS * np.array([[1], [0], [1]], np.int8), [[0.5], [1e-9], [0.25]]), 0)
    assert dead.scale.tolist() == [0.5, 0.5, 0.25]


def test_a_bias_leaves_room_for_the_sum_beside_it() -> None:
    value = _constant(np.array([2**31 - 1000], np.int32), [0.5], bits=32)
    assert not isinstance(bias_of(value, np.array([0.5]), "int8", np.array([3])), str)
    assert "does not fit int32" in bias_of(value, np.array([0.5]), "int8", np.array([4]))
    assert not isinstance(bias_of(value, np.array([0.5]), "int16", np.array([4])), str)


def test_operands() -> None:
    plain = constant(np.ones((2, 2), np.float32))
    assert activation_of(plain, np.dtype(np.int8)) == "a constant operand is not quantized"
    unsigned = activation_of(_constant(np.array([[200, 3]], np.uint8), 0.5, 100), np.dtype(np.int8))
    assert (array_of(unsigned).tolist(), quantization_of(unsigned)) == ([[72, -125]], per_tensor(0.5, -28))
    single = activation_of(constant(np.float32(-0.3)), np.dtype(np.int8))
    assert quantization_of(single).scale * int(array_of(single)) == pytest.approx(-0.3)
    assert activation_of(_constant(ROWS, SCALES), np.dtype(np.int8)) == "a constant operand has several scales"
    assert "int16" in activation_of(_constant(np.array([300], np.int16), 0.5, bits=16), np.dtype(np.int8))
    assert activation_of(constant(np.float32(np.inf)), np.dtype(np.int8)) == "a constant operand is not finite"

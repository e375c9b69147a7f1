from collections.abc import Callable

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import tflite_outputs

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.unsigned import (
    divide_uint64,
    from_float32,
    from_ordered,
    ordered,
    powers_of_two,
    remainder_uint64,
    same_bits,
    to_float32,
)
from portproof.exporter.tflite.values import DOMAIN
from portproof.exporter.tflite.writer.model import write

EDGES = np.array([1, 2, 3, 2**24 + 1, 2**32 - 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1], np.uint64)


def numbers(count: int, seed: int) -> np.ndarray:
    """Of all magnitudes, none 0, every pair of edges first."""
    rng = np.random.default_rng(seed)
    found = rng.integers(1, 2**64 - 1, count, dtype=np.uint64) >> rng.integers(0, 63, count).astype(np.uint64)
    edges = np.repeat(EDGES, len(EDGES)) if seed else np.tile(EDGES, len(EDGES))
    return np.concatenate([edges, np.maximum(found, 1)])


def run(make: Callable[..., ir.Value], *arrays: np.ndarray, reference: bool) -> np.ndarray:
    types = [ir.TensorType(ir.DataType.from_numpy(array.dtype)) for array in arrays]
    names = ["a", "b"][: len(arrays)]
    inputs = [ir.Value(name=n, shape=ir.Shape(a.shape), type=t) for n, a, t in zip(names, arrays, types, strict=True)]
    b = Builder(23)
    result = make(b, *inputs)
    result.name = "y"
    model = ir.Model(ir.Graph(inputs, [result], nodes=b.nodes, opset_imports={DOMAIN: 1}, name="g"), ir_version=10)
    return tflite_outputs(write(model), dict(zip(names, arrays, strict=True)), reference=reference)["y"]


@pytest.mark.parametrize("reference", [False, True])
def test_quotients_and_remainders_are_exact(reference: bool) -> None:
    x, y = numbers(5000, 0), numbers(5000, 1)
    assert (run(divide_uint64, x, y, reference=reference) == x // y).all()
    assert (run(remainder_uint64, x, y, reference=reference) == x % y).all()


@pytest.mark.parametrize("reference", [False, True])
def test_floats_are_rounded_once(reference: bool) -> None:
    x = numbers(5000, 0)
    floats = x.astype(np.float32)
    assert (run(to_float32, x, reference=reference) == floats).all()
    floats = floats[floats < 2.0**64]
    assert (run(from_float32, floats, reference=reference) == floats.astype(np.uint64)).all()


@pytest.mark.parametrize("reference", [False, True])
def test_order_bits_and_powers(reference: bool) -> None:
    x = numbers(50, 0)
    signed = run(ordered, x, reference=reference)
    assert (np.argsort(signed, kind="stable") == np.argsort(x, kind="stable")).all()
    assert (run(lambda b, v: from_ordered(b, ordered(b, v)), x, reference=reference) == x).all()
    places = np.arange(64, dtype=np.uint64)
    assert (run(powers_of_two, places, reference=reference) == np.uint64(1) << places).all()


def test_words_of_64_bits() -> None:
    x = np.array([[1, 2**63]], np.uint64)
    words = run(lambda b, v: same_bits(b, v, "int32"), x, reference=True)
    assert words.tolist() == [[[1, 0], [0, -(2**31)]]]
    again = run(lambda b, v: same_bits(b, same_bits(b, v, "int32"), "uint64"), x, reference=True)
    assert (again == x).all()
    constant = same_bits(Builder(23), Builder(23).const(x), "int32")
    assert constant.const_value is not None
    assert (constant.const_value.numpy() == words).all()

"""What the tests of data movement share: both kernel sets, refusals, small shapes with equal sizes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, onnx_outputs, tflite_outputs

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write

few = settings(max_examples=15, deadline=None, derandomize=True, database=None)
sizes = st.sampled_from([1, 2, 3, 4])
TYPES = ("float32", "float16", "int8", "int16", "int32", "int64", "uint8", "bool")
RARE_TYPES = ("float64", "uint16", "uint32", "uint64")


def shapes(low: int, high: int) -> st.SearchStrategy[list[int]]:
    return st.lists(sizes, min_size=low, max_size=high)


def data(shape: Sequence[int], dtype: str = "float32", seed: int = 0) -> np.ndarray:
    """Distinct numbers where the type has enough of them, both signs where it has signs, extremes of the integers."""
    rng, kind, count = np.random.default_rng(seed), np.dtype(dtype), math.prod(shape)
    if kind.kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    numbers = rng.permutation(count).reshape(shape)
    if kind.kind == "f":
        return np.asarray(numbers - count // 2 + 0.25, kind)
    info = np.iinfo(kind)
    wide = numbers - (count // 2 if kind.kind == "i" else 0)
    extremes = np.where(numbers == 0, kind.type(info.min), kind.type(info.max))
    return np.asarray(np.where(numbers < 2, extremes, wide.astype(kind)), kind)


def check_both(model: ir.Model, inputs: Mapping[str, np.ndarray], **options: Any) -> None:
    """`check`, and the literal lowering on the kernels alone, without XNNPACK; both are exact unless told otherwise."""
    options = {"rtol": 0, "atol": 0, **options}
    check(model, inputs, **options)
    want = onnx_outputs(model, inputs, oracle=options.get("oracle", "ort"))
    got = tflite_outputs(write(lower(model)), inputs, reference=True)
    for name, array in want.items():
        np.testing.assert_allclose(got[name], array, rtol=options["rtol"], atol=options["atol"], err_msg=name)


def refused(model: ir.Model, *words: str) -> None:
    """Asserts that the model is refused with a reason that holds `words`."""
    with pytest.raises(PortproofError) as caught:
        lower(model)
    assert caught.value.code == "E-OP-UNSUPPORTED"
    for word in words:
        assert word in str(caught.value)

"""What the tests of arithmetic share: one node, both kernel sets, every layout; samples of each type; refusals."""

import string
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, onnx_outputs, tflite_outputs
from tests.exporter.tflite.ops.samples import narrowed

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write

few = settings(max_examples=15, deadline=None, derandomize=True, database=None)
sizes = st.sampled_from([1, 2, 3, 4])
FLOATS = ("float32", "float16")
SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32")
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 1e30, -1e30], np.float32)


def sample(shape: Sequence[int], dtype: str = "float32", seed: int = 0, *, positive: bool = False) -> np.ndarray:
    """Seeded numbers of a type: floats around 0, integers over the whole of an 8-bit type."""
    rng, kind = np.random.default_rng(seed), np.dtype(dtype)
    if kind.kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    if kind.kind == "f":
        numbers = 3 * rng.standard_normal(shape)
        return np.asarray(np.abs(numbers) + 0.1 if positive else numbers, kind)
    low = 0 if kind.kind == "u" or positive else -128
    return np.asarray(rng.integers(low, 128 if kind.kind == "i" else 256, shape), kind)


def nodes(op: str, *arrays: np.ndarray, constant: Sequence[int] = (), **options: Any) -> tuple[ir.Model, dict]:
    """The model of one node whose inputs are `arrays`, those numbered in `constant` as initializers."""
    names = dict(zip(string.ascii_lowercase, arrays, strict=False))
    fixed = {name: array for index, (name, array) in enumerate(names.items()) if index in constant}
    fed = {name: array for name, array in names.items() if name not in fixed}
    return node_model(op, fed, constants=fixed, order=list(names), **options), fed


def verify(
    op: str,
    *arrays: np.ndarray,
    constant: Sequence[int] = (),
    oracle: str = "ort",
    want: np.ndarray | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    expect: Sequence[str] | None = None,
    **options: Any,
) -> None:
    """Asserts that one node agrees with the oracle (or with `want`) with XNNPACK and without it."""
    model, fed = nodes(op, *arrays, constant=constant, **options)
    if want is None:
        check(model, fed, oracle=oracle, rtol=rtol, atol=atol, expect=expect)
        want = onnx_outputs(model, fed, oracle=oracle)["y"]
    for reference in (False, True):
        got = tflite_outputs(write(lower(model)), fed, reference=reference)["y"]
        assert got.dtype == want.dtype
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=rtol, atol=atol, err_msg=f"reference={reference}")


def refused(model_and_inputs: tuple[ir.Model, Mapping[str, np.ndarray]], *words: str) -> None:
    """Asserts that the model is refused with a text that holds `words`."""
    with pytest.raises(PortproofError) as caught:
        lower(model_and_inputs[0])
    assert caught.value.code == "E-OP-UNSUPPORTED"
    for word in words:
        assert word in str(caught.value)


def told(model_and_inputs: tuple[ir.Model, Mapping[str, np.ndarray]], *words: str) -> None:
    """Asserts that the model is lowered with a warning that holds `words`: of float64 computed in float32."""
    text = narrowed(model_and_inputs[0])
    for word in ("W-FLOAT64", *words):
        assert word in text


@st.composite
def broadcastable(draw: st.DrawFn, count: int = 2, rank: int = 4) -> list[tuple[int, ...]]:
    """Shapes that broadcast to one: axes dropped in front or of size 1."""
    full = draw(st.lists(sizes, max_size=rank))
    shapes = []
    for _ in range(count):
        start = draw(st.integers(0, len(full)))
        shapes.append(tuple(size if draw(st.booleans()) else 1 for size in full[start:]))
    return shapes

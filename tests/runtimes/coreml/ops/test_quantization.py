from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.runtimes.coreml.inferred import inferred
from tests.runtimes.coreml.mil import Const, run

from portproof.device_profiles.errors import PortproofError


def test_halves_go_to_the_even_neighbour_and_ends_are_kept() -> None:
    x = np.array([-0.5, 0.5, 1.5, 2.5, -500, 500], np.float32)
    got = run("quantize", "int8", x=None, input=x, scale=Const(np.float32(1)), output_dtype="int8", opset="CoreML7")
    assert got.tolist() == [0, 0, 2, 2, -128, 127]
    shifted = run(
        "quantize",
        "uint8",
        input=x,
        scale=Const(np.float32(0.5)),
        zero_point=Const(np.uint8(10)),
        output_dtype="uint8",
        opset="CoreML7",
    )
    assert shifted.tolist() == [9, 11, 13, 15, 0, 255]


@pytest.mark.parametrize("kind", ["int8", "uint8"])
@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**16), axis=st.sampled_from([None, 0, 1, -1]), zero=st.booleans())
def test_as_coremltools_folds_it(kind: str, seed: int, axis: int | None, zero: bool) -> None:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-9, 9, (2, 3, 4)).astype(np.float32)
    size = () if axis is None else (x.shape[axis],)
    parameters: dict[str, Any] = {"scale": rng.uniform(0.02, 0.1, size).astype(np.float32)}
    if zero:
        parameters["zero_point"] = rng.integers(1, 100, size).astype(kind)
    if axis is not None:
        parameters["axis"] = np.int32(axis)
    want = inferred("quantize", input=x, output_dtype=kind, **parameters)
    given_ = {name: Const(value) for name, value in parameters.items()}
    got = run("quantize", kind, input=x, output_dtype=kind, opset="CoreML7", **given_)
    assert np.array_equal(got, want)
    back = run("dequantize", "float32", input=got, opset="CoreML7", **given_)
    place = [1] * 3 if axis is None else [-1 if i == axis % 3 else 1 for i in range(3)]
    scale, point = (np.reshape(parameters.get(n, 0), place).astype(np.float64) for n in ("scale", "zero_point"))
    np.testing.assert_allclose(back, scale * (want.astype(np.float64) - point), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"output_dtype": "int16"}, "int8 or uint8, not 'int16'"),
        ({"scale": np.float32(0)}, "is zero"),
        ({"axis": np.int32(0)}, "an axis is given"),
        ({"scale": np.ones(2, np.float32)}, "along axis None"),
        ({"scale": np.ones(2, np.float32), "axis": np.int32(1)}, "along axis 1"),
        ({"zero_point": np.zeros(2, np.int8)}, "scale and zero_point have shapes"),
    ],
)
def test_what_is_refused(parameters: dict[str, Any], why: str) -> None:
    given_ = {"scale": np.float32(1), "output_dtype": "int8"} | parameters
    consts = {name: value if isinstance(value, str) else Const(value) for name, value in given_.items()}
    with pytest.raises(PortproofError, match=why):
        run("quantize", "int8", input=np.zeros((2, 3), np.float32), opset="CoreML7", **consts)


def test_float16_results_are_float16_numbers() -> None:
    got = run("dequantize", "float16", input=np.array([77], np.int8), scale=Const(np.float16(0.1)), opset="CoreML7")
    assert got[0] == np.float32(np.float16(np.float16(0.1) * 77))

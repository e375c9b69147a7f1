"""What the comparison with coremltools' own values does not reach: whole numbers, ends of ranges, refusals."""

from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError


def _ints(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def _floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_division_of_whole_numbers() -> None:
    x, y = _ints(7, -7, 7, -7), _ints(2, 2, -2, -2)
    assert run("floor_div", "int32", x=x, y=y).tolist() == [3, -4, -4, 3]
    assert run("mod", "int32", x=x, y=y).tolist() == [1, 1, -1, -1]
    assert run("real_div", "int32", x=x, y=y).tolist() == [3, -3, -3, 3]
    for op in ("floor_div", "mod", "real_div"):
        with pytest.raises(PortproofError, match=r"(?i)zero"):
            run(op, "int32", x=x, y=_ints(0))


def test_division_of_floats() -> None:
    x, y = _floats(7.5, -7.5, 7.5, -7.5), _floats(2, 2, -2, -2)
    assert run("floor_div", "float32", x=x, y=y).tolist() == [3, -4, -4, 3]
    assert run("mod", "float32", x=x, y=y).tolist() == [1.5, 0.5, -0.5, -1.5]
    assert np.isinf(run("real_div", "float32", x=x, y=_floats(0))).all()


def test_powers_of_whole_numbers() -> None:
    assert run("pow", "int32", x=_ints(2, -3, 1, 5), y=_ints(10, 3, -2, 0)).tolist() == [1024, -27, 1, 1]
    assert run("pow", "int32", x=_ints(2), y=_ints(-1)).tolist() == [0]
    assert run("exp2", "int32", x=_ints(0, 5, 30, -1)).tolist() == [1, 32, 2**30, 0]
    with pytest.raises(PortproofError, match="larger than an int32"):
        run("exp2", "int32", x=_ints(31))


def test_large_whole_numbers_stay_exact() -> None:
    large = 2**24 + 1
    for op, want in (("add", 2 * large), ("maximum", large), ("mul", large**2 % 2**32)):
        got = run(op, "int32", x=_ints(large), y=_ints(large))
        assert got[0] == np.int64(want).astype(np.int32)
    assert run("threshold", "int32", x=_ints(large, -3), alpha=np.array(0, np.int32)).tolist() == [large, 0]
    assert run("abs", "int32", x=_ints(-large)).tolist() == [large]


def test_sums_of_float16_are_rounded_and_may_overflow() -> None:
    x, y = np.array([1.0, 60000.0], np.float16), np.array([2**-12, 60000.0], np.float16)
    assert run("add", "float16", x=x, y=y).tolist() == [1.0, np.inf]
    assert run("add", "float16", x=x, y=y, precision="minimum").tolist() == [1 + 2**-12, 120000.0]
    assert run("mul", "float16", x=x, y=x).tolist() == [1.0, np.inf]


def test_broadcasting() -> None:
    x, y = np.ones((2, 1, 3), np.float32), np.ones((4, 1), np.float32)
    assert run("add", "float32[2,4,3]", x=x, y=y).shape == (2, 4, 3)
    with pytest.raises(PortproofError, match="size of tensor"):
        run("add", "float32", x=np.ones(2, np.float32), y=np.ones(3, np.float32))


def test_halves_are_rounded_to_the_even_neighbour() -> None:
    assert run("round", "float16", x=_floats(-0.5, 0.5, 1.5, 2.5)).tolist() == [0, 0, 2, 2]


def test_the_default_epsilon_is_of_the_inputs_type() -> None:
    zero = _floats(0.0)
    assert run("log", "float32", x=zero)[0] == pytest.approx(np.log(np.float32(1e-45)))
    assert run("log", "float16", x=zero)[0] == -np.inf
    assert run("rsqrt", "float32", x=zero)[0] == pytest.approx(1e6)
    assert run("inverse", "float32", x=zero)[0] == pytest.approx(1e4)
    assert run("inverse", "float16", x=zero)[0] == np.float16(1 / np.float16(1e-4))
    assert run("inverse", "float32", x=_floats(3), epsilon=1.0)[0] == 0.25


@pytest.mark.parametrize(
    ("dtype", "declared", "values", "want"),
    [
        ("int32", "int32", [2.9, -2.9, 3e9, -3e9, np.nan], [2, -2, 2**31 - 1, -(2**31), 0]),
        ("int8", "int8", [300.0, -300.0, 1.5], [127, -128, 1]),
        ("uint8", "uint8", [300.0, -1.0, 1.5], [255, 0, 1]),
        ("uint16", "uint16", [70000.0, -1.0], [65535, 0]),
        ("int16", "int16", [1e9], [32767]),
        ("bool", "bool", [0.0, -0.0, 0.1, np.nan], [False, False, True, True]),
        ("fp16", "float16", [1e5, 1 + 2**-12], [np.inf, 1.0]),
        ("fp32", "float32", [0.1], [np.float32(0.1)]),
    ],
)
def test_cast_of_floats(dtype: str, declared: str, values: list[float], want: list[Any]) -> None:
    assert run("cast", declared, x=_floats(*values), dtype=dtype, opset="CoreML7").tolist() == want


@pytest.mark.parametrize(
    ("dtype", "declared", "want"),
    [
        ("int8", "int8", [44, -44, -1]),
        ("uint8", "uint8", [44, 212, 255]),
        ("int16", "int16", [300, -300, -1]),
        ("uint16", "uint16", [300, 65236, 65535]),
        ("bool", "bool", [True, True, True]),
        ("fp32", "float32", [300.0, -300.0, -1.0]),
    ],
)
def test_cast_of_whole_numbers_keeps_the_low_bits(dtype: str, declared: str, want: list[Any]) -> None:
    assert run("cast", declared, x=_ints(300, -300, -1), dtype=dtype, opset="CoreML7").tolist() == want


def test_cast_of_truth_values() -> None:
    x = np.array([True, False])
    assert run("cast", "float16", x=x, dtype="fp16").tolist() == [1.0, 0.0]
    assert run("cast", "int32", x=x, dtype="int32").tolist() == [1, 0]


@pytest.mark.parametrize(("dtype", "opset"), [("int8", "CoreML6"), ("int4", "CoreML8"), ("float32", "CoreML7")])
def test_casts_that_do_not_exist(dtype: str, opset: str) -> None:
    with pytest.raises(PortproofError, match=f"cannot be cast to '{dtype}'"):
        run("cast", "int8", x=_floats(1), dtype=dtype, opset=opset)


def test_clip_needs_room_since_ios_17() -> None:
    x = _floats(-1, 0, 3)
    assert run("clip", "float32", x=x, alpha=1.0, beta=1.0).tolist() == [1, 1, 1]
    with pytest.raises(PortproofError, match="alpha less than beta"):
        run("clip", "float32", x=x, alpha=1.0, beta=1.0, opset="CoreML7")


def test_logical_operators_take_truth_values_only() -> None:
    with pytest.raises(PortproofError, match="takes truth values"):
        run("logical_and", "bool", x=_ints(1), y=_ints(2))


def test_not_a_number_stays_one() -> None:
    nan = _floats(np.nan)
    for op in ("relu", "relu6", "abs", "sign"):
        assert op == "sign" or np.isnan(run(op, "float16", x=nan)).all()
    assert np.isnan(run("maximum", "float32", x=nan, y=_floats(1))).all()
    assert not run("equal", "bool", x=nan, y=nan).any()

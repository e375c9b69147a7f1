"""Scales of sums: two runtimes' arithmetic, as their sources have it, agrees on every pair of integers."""

from collections.abc import Callable

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import with_weights
from numpy.typing import NDArray

from portproof.calibration.place.placement import Placement, place
from portproof.calibration.place.sums import aligned
from portproof.calibration.plan import Encoding
from portproof.calibration.prepare import prepare
from portproof.device_profiles import integer_kernels

RULES = integer_kernels.load()
STEPS = np.arange(-255, 256, dtype=np.int64)
X, Y = STEPS[:, None], STEPS[None, :]


def placed(body: str) -> Placement:
    text = f'<ir_version: 10, opset_import: ["" : 20]>\nnet (float[1,32,8,8] x) => (float[1,32,8,8] y) {body}'
    return place(prepare(with_weights(ir.from_onnx_text(text), {"w": np.ones((32, 32, 1, 1))})), RULES)


ONE = placed("{ a = Conv(x, w) b = Conv(a, w) y = Add(a, b) }")
CHAIN = placed("{ a = Conv(x, w) b = Conv(a, w) s = Add(a, b) c = Conv(s, w) y = Sub(s, c) }")


def encodings(placement: Placement, scales: dict[str, float]) -> dict[str, Encoding]:
    members = [name for group in placement.groups for name in group.members]
    return {name: Encoding(scale=float(np.float32(scales.get(name, 0.1))), zero_point=3) for name in members}


def exactly(first: float, second: float, result: float) -> NDArray[np.int64]:
    return np.rint((X * first + Y * second) / result).astype(np.int64)


def fixed_point(bits: int) -> Callable[[float, float, float], NDArray[np.int64]]:
    """Multipliers of so many bits, halves rounded up."""

    def kernel(first: float, second: float, result: float) -> NDArray[np.int64]:
        ratios = np.float32(first) / np.float32(result), np.float32(second) / np.float32(result)
        shift = bits - (int(np.frexp(max(ratios))[1]) - 1)
        left, right = (int(np.rint(np.ldexp(np.float64(ratio), shift))) for ratio in ratios)
        return (X * left + Y * right + (1 << (shift - 1))) >> shift

    return kernel


def in_floats(first: float, second: float, result: float) -> NDArray[np.int64]:
    left, right = np.float32(first) / np.float32(result), np.float32(second) / np.float32(result)
    return np.rint(X.astype(np.float32) * left + Y.astype(np.float32) * right).astype(np.int64)


KERNELS = [fixed_point(20), fixed_point(21), in_floats]


def apart(first: float, second: float, result: float) -> int:
    """Pairs of integers on which a kernel differs from exact arithmetic, those that saturate left out."""
    wanted = exactly(first, second, result)
    inside = np.abs(wanted) <= 255
    return max(int(((kernel(first, second, result) != wanted) & inside).sum()) for kernel in KERNELS)


SCALES = st.floats(0.02, 2.0)


@settings(max_examples=40, deadline=None)
@given(first=SCALES, second=SCALES, result=SCALES)
def test_all_runtimes_give_the_same_sums(first: float, second: float, result: float) -> None:
    before = encodings(ONE, {"a": first, "b": second, "y": result})
    after = aligned(ONE, before)
    assert all(after[name].zero_point == 3 for name in after)
    moved = max(abs(after[name].scale / before[name].scale - 1) for name in after)
    assert moved <= 0.005
    scales = [after[name].scale for name in ("a", "b", "y")]
    if moved > 1e-6:  # else ratios were whole before, or are too far apart
        assert apart(*scales) == 0


def test_the_scales_as_they_come_do_differ() -> None:
    """Else the property above would hold of nothing."""
    rng = np.random.default_rng(0)
    assert sum(apart(*rng.uniform(0.02, 0.06, 3)) for _ in range(20)) > 5


def test_every_sum_of_a_residual_stream_is_whole() -> None:
    found = aligned(CHAIN, encodings(CHAIN, {"a": 0.043, "b": 0.0311, "s": 0.0519, "c": 0.0277, "y": 0.061}))
    assert apart(found["a"].scale, found["b"].scale, found["s"].scale) == 0
    assert apart(found["s"].scale, found["c"].scale, found["y"].scale) == 0


@pytest.mark.parametrize("small", [1e-4, 1e-6])
def test_what_would_move_far_stays(small: float) -> None:
    before = encodings(ONE, {"a": 0.5, "b": small, "y": 0.5})
    assert aligned(ONE, before) == before


def test_a_value_that_is_added_to_itself() -> None:
    twice = placed("{ a = Conv(x, w) s = Add(a, a) y = Conv(s, w) }")
    found = aligned(twice, encodings(twice, {"a": 0.043, "s": 0.0777}))
    assert apart(found["a"].scale, found["a"].scale, found["s"].scale) == 0


def test_a_scale_that_a_kernel_prescribes_stays() -> None:
    fixed = placed("{ a = Conv(x, w) g = Sigmoid(a) s = Add(a, g) y = Conv(s, w) }")
    before = encodings(fixed, {"a": 0.043, "g": 1 / 256, "s": 0.0777})
    found = aligned(fixed, before)
    assert found["g"] == before["g"]
    assert apart(found["a"].scale, found["g"].scale, found["s"].scale) == 0


def test_int16_sums_stay() -> None:
    wide = {
        name: Encoding(scale=found.scale, zero_point=0, dtype="int16")
        for name, found in encodings(ONE, {"a": 0.043, "b": 0.0311, "y": 0.0519}).items()
    }
    assert aligned(ONE, wide) == wide

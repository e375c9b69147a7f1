import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portproof.runtimes.metrics import Accumulator, OutputParity, is_classifier
from portproof.runtimes.tolerances import Tolerance

EXACT = Tolerance(atol=0.0, reason="test")


def measure(*pairs: tuple[np.ndarray, np.ndarray], tolerance: Tolerance = EXACT, **options: bool) -> OutputParity:
    accumulator = Accumulator("y", tolerance, **options)
    for reference, candidate in pairs:
        accumulator.add(reference, candidate)
    return accumulator.result()


def f32(*values: float) -> np.ndarray:
    return np.array(values, "float32")


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.floats(1e-6, 10))
def test_streaming_equals_the_definitions(seed: int, samples: int, noise: float) -> None:
    chance = np.random.default_rng(seed)
    reference = chance.normal(size=(samples, 3, 7))
    candidate = reference + noise * chance.normal(size=reference.shape)
    got = measure(*zip(reference, candidate, strict=True))
    error = candidate - reference
    assert got.max_abs == np.abs(error).max()
    assert got.mean_abs == pytest.approx(np.abs(error).mean())
    assert got.relative_l2 == pytest.approx(np.linalg.norm(error) / np.linalg.norm(reference))
    cosine = (reference * candidate).sum() / np.linalg.norm(reference) / np.linalg.norm(candidate)
    assert got.cosine == pytest.approx(cosine)
    assert got.sqnr_db == pytest.approx(10 * math.log10((reference**2).sum() / (error**2).sum()))
    assert got.worst is not None
    assert np.abs(error)[got.worst[0]][got.worst[1]] == got.max_abs
    assert (got.samples, got.elements, got.beyond) == (samples, error.size, error.size)
    assert got.reference_max == np.abs(reference).max()


def test_equal_outputs() -> None:
    got = measure((f32(1, 2), f32(1, 2)))
    assert got.passed
    assert (got.max_abs, got.sqnr_db, got.relative_l2, got.worst) == (0, math.inf, 0, None)
    assert got.cosine == pytest.approx(1)


def test_zero_references() -> None:
    both = measure((f32(0, 0), f32(0, 0)))
    assert (both.cosine, both.relative_l2, both.sqnr_db) == (1, 0, math.inf)
    one = measure((f32(0, 0), f32(1, 0)))
    assert (one.cosine, one.relative_l2, one.sqnr_db) == (0, math.inf, -math.inf)


def test_non_finite_elements() -> None:
    alike = measure((f32(np.nan, np.inf, -np.inf, 1), f32(np.nan, np.inf, -np.inf, 1)))
    assert alike.passed
    assert alike.non_finite == 0
    generous = Tolerance(atol=1e9, reason="test")
    unlike = measure((f32(np.nan, np.inf, 1, 1), f32(1, -np.inf, np.nan, 1)), tolerance=generous)
    assert unlike.non_finite == unlike.beyond == 3
    assert not unlike.passed
    assert unlike.max_abs == 0


def test_tolerance_is_elementwise() -> None:
    tolerance = Tolerance(atol=0.1, rtol=0.01, reason="test")
    assert measure((f32(0, 100), f32(0.09, 101)), tolerance=tolerance).passed
    assert measure((f32(0, 100), f32(0.2, 102)), tolerance=tolerance).beyond == 2
    assert measure((f32(0, 100), f32(0.2, 100)), tolerance=tolerance).beyond == 1


def test_top1_of_classifiers_only() -> None:
    scores, other = np.array([[1, 2, 3], [3, 2, 1.0]]), np.array([[1, 2, 3], [1, 2, 3.0]])
    assert measure((scores, other)).top1 == 0.5
    assert measure((scores, scores), (scores, other)).top1 == 0.75
    assert measure((scores, other), classifier=False).top1 is None
    assert measure((scores[None], other[None])).top1 is None
    assert measure((scores[None], other[None]), classifier=True).top1 == 0.5
    assert not is_classifier(np.zeros((4, 1), "float32"))
    assert not is_classifier(np.zeros((4, 3), "int64"))


def test_other_types() -> None:
    whole = measure((np.array([1, 250], "uint8"), np.array([2, 0], "uint8")))
    assert whole.max_abs == 250
    assert measure((np.array([True, False]), np.array([True, True]))).beyond == 1
    assert measure((np.array([1 + 1j]), np.array([1 + 3j]))).max_abs == 2
    assert measure((np.zeros((0, 3)), np.zeros((0, 3)))).passed
    half = measure((np.array([6e4], "float16"), np.array([-6e4], "float16")))
    assert half.max_abs == pytest.approx(1.2e5, rel=1e-2)


def test_json_is_valid_json() -> None:
    data = measure((f32(0, 0), f32(1, 0))).as_dict()
    text = json.dumps(data, allow_nan=False)
    assert json.loads(text) == data
    assert data["sqnr_db"] == "-inf"
    assert data["worst"] == {"sample": 0, "index": [0]}
    assert data["tolerance"]["reason"] == "test"
    assert data["passed"] is False

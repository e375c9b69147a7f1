import numpy as np
import pytest

from portproof.exporter.numeric import difference

A = np.array([100.0, -1.0, 0.0], np.float32)


def test_rounding_is_measured_against_the_largest_value():
    assert difference(A, A).ok
    assert difference(A, A + np.float32(0.01)).ok
    found = difference(A, A + np.float32(0.1))
    assert not found.ok
    assert found.max_abs == pytest.approx(0.1, rel=1e-4)
    assert found.limit == pytest.approx(0.02)


def test_tiny_outputs_have_a_floor():
    assert difference(np.zeros(3, np.float32), np.full(3, 1e-8, np.float32)).ok
    assert not difference(np.zeros(3, np.float32), np.full(3, 1e-5, np.float32)).ok


def test_half_precision_is_coarser():
    assert difference(A.astype(np.float16), (A + 1).astype(np.float16)).ok
    assert not difference(A.astype(np.float64), A.astype(np.float64) + 0.01).ok


def test_nan_and_infinity_must_coincide():
    odd = np.array([np.nan, np.inf, -np.inf, 1], np.float32)
    assert difference(odd, odd).ok
    for other in ([np.nan, np.inf, np.inf, 1], [0, np.inf, -np.inf, 1], [np.nan, np.inf, -np.inf, np.nan]):
        found = difference(odd, np.array(other, np.float32))
        assert not found.ok
        assert "NaN" in found.why


def test_shape_and_type():
    assert "shape" in difference(A, A[None]).why
    assert "type" in difference(A, A.astype(np.float64)).why


def test_integers_may_differ_in_one_of_a_thousand():
    a = np.arange(2000)
    b = a.copy()
    b[:2] += 7
    assert difference(a, b).ok
    b[:3] += 7
    assert difference(a, b).why == "3 elements differ"
    assert not difference(np.array([True]), np.array([False])).ok


def test_empty_arrays_are_the_same():
    assert difference(A[:0], A[:0]).ok
    assert difference(A[:0].astype(bool), A[:0].astype(bool)).ok

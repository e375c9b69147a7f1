import itertools

import numpy as np
import pytest

from portproof.calibration.rounding.bias_correction import MeanError, quantum, shift_of_rounding


def _outputs(count=4, shift=0.25):
    chance = np.random.default_rng(0)
    for size in range(3, 3 + count):
        y = chance.normal(size=(1, 2, size, 4)).astype(np.float32)
        yield y, (y - np.array([shift, -2 * shift], np.float32)[:, None, None]).astype(np.float32)


def test_the_mean_error_of_each_channel():
    error = MeanError.none(2, quantum(5.0))
    for reference, quantized in _outputs():
        error = error.add(reference, quantized, 1)
    np.testing.assert_allclose(error.mean(), [0.25, -0.5], atol=1e-7)
    assert error.count == 4 * (3 + 4 + 5 + 6)


def test_the_order_of_samples_changes_no_bit():
    totals = set()
    for order in itertools.permutations(_outputs()):
        error = MeanError.none(2, quantum(5.0))
        for reference, quantized in order:
            error = error.add(reference, quantized, -3)
        totals.add(error.mean().tobytes())
    assert len(totals) == 1


def test_channels_last():
    y = np.zeros((2, 5, 3), np.float32)
    error = MeanError.none(3, quantum(1.0)).add(np.add(y, [1, 2, 3]), y, -1)
    np.testing.assert_allclose(error.mean(), [1, 2, 3])


@pytest.mark.parametrize("largest", [0.0, 1e-3, 1.0, 6.0, 1e20])
def test_the_unit_is_a_small_power_of_two(largest):
    unit = quantum(largest)
    assert np.frexp(unit)[0] == 0.5
    assert max(largest, 1e-30) < unit * 2**30 <= 2 * max(largest, 1e-30)


def test_saved_and_loaded():
    ((reference, quantized),) = _outputs(1)
    error = MeanError.none(2, quantum(5.0)).add(reference, quantized, 1)
    again = MeanError.from_arrays(error.as_arrays())
    np.testing.assert_array_equal(again.mean(), error.mean())
    assert not MeanError.none(2, 1.0).mean().any()


def test_the_shift_of_rounding_is_that_of_the_mean_input():
    chance = np.random.default_rng(0)
    weight, rows = chance.normal(size=(3, 2, 9)), chance.normal(1, 1, size=(50, 3, 9))
    rounded = np.round(weight, 1)
    errors = np.einsum("ngk,gok->ngo", rows, weight - rounded).mean(axis=0)
    np.testing.assert_allclose(shift_of_rounding(weight, rounded, rows.mean(axis=0)), errors)

import numpy as np

from portproof.calibration.rounding.bias_correction import shift_of_rounding


def test_the_shift_of_rounding_is_that_of_the_mean_input():
    chance = np.random.default_rng(0)
    weight, rows = chance.normal(size=(3, 2, 9)), chance.normal(1, 1, size=(50, 3, 9))
    rounded = np.round(weight, 1)
    errors = np.einsum("ngk,gok->ngo", rows, weight - rounded).mean(axis=0)
    np.testing.assert_allclose(shift_of_rounding(weight, rounded, rows.mean(axis=0)), errors)

import itertools

import numpy as np
import pytest

from portproof.calibration.rounding.gptq import damped, output_error, round_weights
from portproof.calibration.rounding.grid import WeightGrid
from portproof.calibration.rounding.moments import Moments
from portproof.calibration.rounding.weight_scales import least_squares, minmax


def _moments(groups, columns, seed=0, rows=400):
    """Of inputs that are correlated and positive, as those behind a Relu are."""
    chance = np.random.default_rng(seed)
    mixed = chance.normal(size=(rows, groups, columns)) @ chance.normal(size=(columns, columns))
    return Moments.of(np.rint(np.maximum(mixed * 20 + 40, 0))).hessian()


def _problem(groups=1, outputs=4, columns=70, bits=4, block=None):
    weight = np.random.default_rng(5).normal(size=(groups, outputs, columns))
    grid = WeightGrid(bits=bits, block=block)
    return weight, minmax(weight, grid), _moments(groups, columns), grid


def _error(weight, integers, scales, hessian, grid):
    return output_error(weight, integers * grid.spread(scales, weight.shape[2]), hessian)


@pytest.mark.parametrize(("groups", "outputs", "columns"), [(1, 6, 150), (5, 1, 9), (3, 2, 18)])
@pytest.mark.parametrize(("bits", "block"), [(8, None), (4, None), (4, 8)])
def test_the_output_is_nearer_than_by_rounding_to_nearest(groups, outputs, columns, bits, block):
    weight, scales, hessian, grid = _problem(groups, outputs, columns, bits, block)
    integers = round_weights(weight, scales, hessian, grid)
    plain = grid.nearest(weight, grid.spread(scales, columns))
    error = _error(weight, integers, scales, hessian, grid)
    assert integers.dtype == np.int8
    assert np.abs(integers).max() <= grid.largest
    assert (error <= _error(weight, plain, scales, hessian, grid) * 1.01).all()
    assert error.sum() < 0.8 * _error(weight, plain, scales, hessian, grid).sum()


def test_near_the_best_of_all_roundings():
    weight, scales, hessian, grid = _problem(columns=6, outputs=3)
    around = np.floor(weight / scales)[0, :, None, :] + np.array(list(itertools.product((-1, 0, 1, 2), repeat=6)))
    around = np.clip(around, -7, 7)
    errors = np.stack([output_error(weight[:, o], around[o] * scales[0, o], hessian)[0] for o in range(3)])
    found = _error(weight, round_weights(weight, scales, hessian, grid, damping=0.0), scales, hessian, grid)
    assert (found[0] <= 1.15 * errors.min(axis=1)).all()


def test_one_pass_is_what_inverting_the_moments_gives():
    weight, scales, hessian, grid = _problem(columns=80, outputs=3)
    sound = damped(hessian, 0.01)
    rounded, rest = np.empty((3, 80)), weight[0].copy()
    left = np.argsort(-np.diagonal(sound[0]), kind="stable").tolist()
    while left:
        inverse = np.linalg.inv(sound[0][np.ix_(left, left)])
        k, step = left[0], scales[0, :, 0]
        rounded[:, k] = np.clip(np.rint(rest[:, k] / step), -7, 7)
        error = rest[:, k] - rounded[:, k] * step
        rest[:, left] -= error[:, None] * inverse[0] / inverse[0, 0]
        left.remove(k)
    np.testing.assert_array_equal(round_weights(weight, scales, hessian, grid, sweeps=0)[0], rounded)


def test_sweeps_only_help():
    weight, scales, hessian, grid = _problem(columns=150)
    sound = damped(hessian, 0.01)
    errors = [
        _error(weight, round_weights(weight, scales, hessian, grid, sweeps=n), scales, sound, grid) for n in (0, 1, 4)
    ]
    assert (errors[1] <= errors[0]).all()
    assert (errors[2] <= errors[1]).all()
    assert errors[1].sum() < errors[0].sum()


def test_without_data_it_is_rounding_to_nearest():
    weight, scales, _, grid = _problem(groups=2, columns=9)
    expected = grid.nearest(weight, grid.spread(scales, 9))
    np.testing.assert_array_equal(round_weights(weight, scales, np.zeros((2, 9, 9)), grid), expected)


def test_inputs_that_are_always_zero_keep_their_nearest_weights():
    weight, scales, hessian, grid = _problem(columns=12)
    hessian[:, 3], hessian[:, :, 3] = 0, 0
    integers = round_weights(weight, scales, hessian, grid)
    np.testing.assert_array_equal(integers[:, :, 3], grid.nearest(weight, scales)[:, :, 3])


def test_int8_of_a_depthwise_filter_under_a_mean():
    chance = np.random.default_rng(0)
    rows = np.rint(chance.normal(30, 4, size=(500, 8, 9)))
    weight, grid = chance.normal(size=(8, 1, 9)), WeightGrid()
    scales, moments = least_squares(weight, grid), Moments.of(rows)
    plain = _error(weight, grid.nearest(weight, scales), scales, moments.hessian(), grid).sum()
    assert (
        _error(weight, round_weights(weight, scales, moments.hessian(), grid), scales, moments.hessian(), grid).sum()
        < plain / 4
    )

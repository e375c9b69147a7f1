import numpy as np
import pytest

from portproof.calibration.rounding.grid import WeightGrid
from portproof.calibration.rounding.weight_scales import least_squares, minmax


def _error(weight, scales, grid, importance=None):
    spread = grid.spread(scales, weight.shape[2])
    squares = (grid.nearest(weight, spread) * spread - weight) ** 2
    return (squares if importance is None else squares * importance[:, None, :]).sum()


@pytest.mark.parametrize(("bits", "largest"), [(8, 127), (4, 7)])
def test_minmax_clips_nothing(bits, largest):
    weight = np.random.default_rng(0).normal(size=(1, 3, 40))
    scales = minmax(weight, WeightGrid(bits=bits))
    assert scales.dtype == np.float32
    np.testing.assert_allclose(scales[0, :, 0] * largest, np.abs(weight[0]).max(axis=1), rtol=1e-6)


def test_least_squares_is_the_best_of_a_fine_search():
    weight = np.random.default_rng(0).standard_t(3, size=(1, 1, 300))
    grid = WeightGrid(bits=4)
    found = _error(weight, least_squares(weight, grid), grid)
    full = minmax(weight, grid)
    fine = min(_error(weight, full * np.float32(share), grid) for share in np.linspace(0.4, 1, 400))
    assert found < 0.9 * _error(weight, full, grid)
    assert found <= fine * 1.02


def test_importance_decides_what_is_clipped():
    weight = np.full((1, 1, 50), 0.3)
    weight[0, 0, 0] = 1.0
    heavy, light = np.ones((1, 50)), np.ones((1, 50))
    heavy[0, 0], light[0, 0] = 1e6, 1e-6
    grid = WeightGrid(bits=4)
    kept, clipped = (least_squares(weight, grid, factor) for factor in (heavy, light))
    assert clipped[0, 0, 0] * 7 < 0.95
    assert kept[0, 0, 0] == pytest.approx(1 / 7)


def test_blocks_have_scales_of_their_own():
    weight = np.concatenate([np.full((2, 3, 8), 0.1), np.full((2, 3, 4), 10.0)], axis=2)
    grid = WeightGrid(bits=4, block=8)
    scales = least_squares(weight, grid)
    assert scales.shape == (2, 3, grid.blocks(12)) == (2, 3, 2)
    np.testing.assert_allclose(
        grid.nearest(weight, grid.spread(scales, 12)) * grid.spread(scales, 12), weight, rtol=1e-6
    )


def test_a_channel_of_zeros_takes_the_least_scale_of_the_others():
    weight = np.zeros((3, 1, 4))
    weight[0], weight[1] = 1.27, 0.127
    np.testing.assert_allclose(minmax(weight, WeightGrid())[:, 0, 0], [0.01, 0.001, 0.001], rtol=1e-6)
    assert minmax(np.zeros((1, 1, 4)), WeightGrid())[0, 0, 0] == 1.0

import numpy as np

from portproof.calibration.rounding.exchange import exchange
from portproof.calibration.rounding.gptq import output_error
from portproof.calibration.rounding.grid import WeightGrid

GRID = WeightGrid()


def _exchanged(weight, rounded, steps, hessian):
    made = rounded.swapaxes(1, 2).copy()
    exchange(weight.swapaxes(1, 2), made, steps.swapaxes(1, 2), hessian, GRID)
    return made.swapaxes(1, 2)


def test_one_up_and_another_down():
    # Under a large mean, the sum of the weights counts: 0.6 + 0.6 is nearer 1 + 0 than 1 + 1, and 0 + 0 is as far.
    weight, steps = np.full((1, 1, 2), 0.6), np.ones((1, 1, 2))
    hessian = np.full((1, 2, 2), 100.0) + np.eye(2)
    made = _exchanged(weight, np.ones((1, 1, 2)), steps, hessian)
    assert sorted(made[0, 0]) == [0, 1]
    stuck = np.array([[[3.0, -2.0]]])  # their sum is right; only moving both helps
    assert sorted(_exchanged(weight, stuck, steps, hessian)[0, 0]) == [0, 1]


def test_it_never_hurts_and_every_filter_ends_where_no_pair_helps():
    chance = np.random.default_rng(0)
    weight, steps = chance.normal(size=(4, 2, 7)), np.full((4, 2, 7), 0.05)
    rows = chance.normal(3, 1, size=(60, 7))
    hessian = np.repeat((rows.T @ rows)[None], 4, axis=0)
    plain = np.rint(weight / steps)
    made = _exchanged(weight, plain, steps, hessian)
    before, after = (output_error(weight, integers * steps, hessian) for integers in (plain, made))
    assert (after <= before).all()
    assert after.sum() < before.sum() / 2
    for i in range(7):
        for j in range(7):
            for up, down in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                moved = made.copy()
                moved[:, :, i] += up
                moved[:, :, j] += down * (i != j)
                assert (output_error(weight, moved * steps, hessian) > after * (1 - 1e-6)).all()


def test_no_integer_leaves_the_grid():
    weight, steps = np.array([[[500.0, 1.0]]]), np.ones((1, 1, 2))
    made = _exchanged(weight, np.array([[[127.0, 110.0]]]), steps, np.eye(2)[None] + 0.9)
    assert made[0, 0, 0] == 127
    assert made[0, 0, 1] == 127, "the other makes up for it as far as it can"

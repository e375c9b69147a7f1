import numpy as np

from portproof.exporter.agreement.steps import Steps, compare


def test_steps_are_counted() -> None:
    one = np.asarray([0.0, 0.1, 0.2, 0.3], np.float32)
    other = np.asarray([0.0, 0.2, 0.2, 0.8], np.float32)
    found = compare(one, other, 0.1)
    assert found == Steps(values=4, apart=2, beyond=1, most=5)
    assert (found.within_one, found.near) == (0.75, False)
    both = found.plus(compare(one, one, 0.1))
    assert both == Steps(values=8, apart=2, beyond=1, most=5)
    assert both.within_one == 0.875


def test_less_than_half_a_step_is_none() -> None:
    one = np.linspace(-1, 1, 2000, dtype=np.float32)
    found = compare(one, one + np.float32(0.004), 0.01)
    assert (found.apart, found.near) == (0, True)


def test_nothing_is_near_and_what_is_not_finite_is_far() -> None:
    assert Steps().near
    found = compare(np.asarray([np.nan, np.inf, 1.0], np.float32), np.ones(3, np.float32), 0.1)
    assert (found.beyond, found.near) == (2, False)

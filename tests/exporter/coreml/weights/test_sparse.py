import numpy as np

from portproof.exporter.coreml.weights.sparse import packed, pruned


def test_the_smallest_become_zero() -> None:
    weights = np.array([[3, -1, 0.5], [-0.25, 2, 0.5]], np.float16)
    np.testing.assert_array_equal(pruned(weights, 0.5), np.array([[3, -1, 0], [0, 2, 0]], np.float16))
    np.testing.assert_array_equal(pruned(weights, 0.34), np.array([[3, -1, 0], [0, 2, 0.5]], np.float16))
    assert weights[1, 0] == -0.25


def test_numbers_follow_each_other_from_the_lowest_bit() -> None:
    assert packed(np.array([2, 3, 1, 0, 3]), 2).tolist() == [0b00011110, 0b11]
    assert packed(np.array([0, 1, 1, 0, 0, 0, 0, 0, 1]), 1).tolist() == [0b110, 1]
    assert packed(np.array([33, 1, 63]), 6).tolist() == [33 | 1 << 6 & 255, 0b11110000, 0b11]

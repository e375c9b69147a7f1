import numpy as np

from portproof.exporter.random_inputs import like

EXAMPLE = {
    "image": np.full((4, 50), 10, np.float32) + np.arange(50, dtype=np.float32),
    "ids": np.array([5, 900, 17] * 200),
    "mask": np.zeros((2, 300), np.int64),
    "flag": np.zeros(100, bool),
    "state": np.zeros((3, 100), np.float16),
}


def test_shapes_dtypes_and_ranges_are_the_examples():
    made = like(EXAMPLE, 0)
    assert {k: (v.shape, v.dtype) for k, v in made.items()} == {k: (v.shape, v.dtype) for k, v in EXAMPLE.items()}
    assert made["ids"].min() >= 5
    assert made["ids"].max() <= 900
    assert set(np.unique(made["mask"])) == {0, 1}
    assert set(np.unique(made["flag"])) == {False, True}
    assert abs(made["image"].mean() - EXAMPLE["image"].mean()) < 5
    assert 0.8 < made["state"].std() < 1.2


def test_the_seed_decides():
    first, again, other = like(EXAMPLE, 1), like(EXAMPLE, 1), like(EXAMPLE, 2)
    assert all(np.array_equal(first[k], again[k]) for k in EXAMPLE)
    assert not any(np.array_equal(first[k], other[k]) for k in EXAMPLE)


def test_two_inputs_of_one_shape_differ():
    made = like({"h": np.zeros(8, np.float32), "c": np.zeros(8, np.float32)}, 0)
    assert not np.array_equal(made["h"], made["c"])

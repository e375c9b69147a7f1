from pathlib import Path

import numpy as np
import pytest
from tests.small import images, write_data

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.dataset import open_data
from portproof.runtimes.spec import TensorSpec

IMAGE = (TensorSpec(name="image", shape=(1, 3, 6, 8), dtype="float32"),)
TOKENS = (TensorSpec(name="ids", shape=(1, 16), dtype="int64"), TensorSpec(name="on", shape=(3,), dtype="bool"))


def test_the_users_data_brings_no_warning(tmp_path: Path) -> None:
    dataset, messages = open_data(write_data(tmp_path / "data"), IMAGE, example=None, count=9, seed=0)
    assert (dataset.kind, dataset.count, messages) == ("files", 3, ())
    np.testing.assert_array_equal(next(iter(dataset))["image"], images()[0]["image"])


def test_random_data_is_loud_and_follows_the_seed() -> None:
    first, messages = open_data(None, IMAGE, example=None, count=2, seed=7)
    assert (first.kind, first.count) == ("random", 2)
    assert [message.code for message in messages] == ["W-RANDOM-DATA"]
    assert "2 random inputs (seed 7)" in messages[0].what
    again, _ = open_data(None, IMAGE, example=None, count=2, seed=7)
    other, _ = open_data(None, IMAGE, example=None, count=2, seed=8)
    assert all(np.array_equal(a["image"], b["image"]) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(next(iter(first))["image"], next(iter(other))["image"])


def test_random_data_is_like_the_example() -> None:
    """Whole numbers stay in the example's range: an index that the model does not have would be an error of ours."""
    example = {"ids": np.array([[3] * 8 + [500] * 8]), "on": np.array([True, False, True])}
    dataset, _ = open_data(None, TOKENS, example=example, count=4, seed=0)
    samples = list(dataset)
    assert len(samples) == 4
    assert not np.array_equal(samples[0]["ids"], samples[1]["ids"])
    for sample in samples:
        assert sample["ids"].shape == (1, 16)
        assert 3 <= sample["ids"].min() <= sample["ids"].max() <= 500
        assert sample["on"].dtype == bool


def test_every_pass_over_random_data_is_the_same() -> None:
    example = {"image": np.zeros((1, 3, 6, 8), np.float32)}
    dataset, _ = open_data(None, IMAGE, example=example, count=2, seed=0)
    once, twice = list(dataset), list(dataset)
    assert all(np.array_equal(a["image"], b["image"]) for a, b in zip(once, twice, strict=True))
    assert once[0]["image"].std() > 0.5


def test_data_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PortproofError) as caught:
        open_data(write_data(tmp_path / "data"), TOKENS, example=None, count=1, seed=0)
    assert caught.value.exit_status == 5

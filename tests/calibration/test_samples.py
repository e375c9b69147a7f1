from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from nets import images

from portproof.calibration.samples import Samples, fingerprint, open_samples
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.data import load
from portproof.runtimes.spec import TensorSpec

SPECS = (TensorSpec(name="x", shape=(1, 3, 8, 8), dtype="float32"),)


def prints(samples: Iterator[object]) -> list[str]:
    return [fingerprint(sample) for sample in samples]  # type: ignore[arg-type]


def test_lists_generators_folders_and_datasets_give_the_same_samples(tmp_path: Path) -> None:
    data = images(6)
    for index, sample in enumerate(data):
        np.savez(tmp_path / f"{index}.npz", **sample)
    wanted = prints(iter(data))
    for given in (data, (sample for sample in data), tmp_path, str(tmp_path), load(str(tmp_path), SPECS)):
        found = open_samples(given, SPECS)
        assert len(found) == 6
        assert prints(iter(found)) == wanted
        assert prints(iter(found)) == wanted  # as often as wanted


@pytest.mark.parametrize(("count", "held"), [(1, [0]), (2, [1]), (4, [3]), (5, [4]), (11, [4, 9])])
def test_a_fifth_is_held_back(count: int, held: list[int]) -> None:
    data = images(count)
    found = open_samples(data, SPECS)
    names = prints(iter(data))
    assert prints(found.held_back()) == [names[index] for index in held]
    fit = [0] if count == 1 else [index for index in range(count) if index not in held]
    assert prints(found.fit()) == [names[index] for index in fit]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ([], "E-DATA-EMPTY"),
        ([{"x": np.full((1, 3, 8, 8), np.nan, np.float32)}], "E-DATA-NAN"),
        ([{"x": np.ones((1, 3, 8, 8), np.float32)}], "E-DATA-CONSTANT"),
        ([{"x": np.ones((1, 3, 8), np.float32)}], "E-DATA-SHAPE"),
        ([{"z": np.ones((1, 3, 8, 8), np.float32)}], "E-DATA-NAME"),
        ([np.ones((1, 3, 8, 8), np.float32)], "E-DATA-FORMAT"),
        (7, "E-DATA-FORMAT"),
    ],
)
def test_what_cannot_be_used_is_refused(data: object, code: str) -> None:
    with pytest.raises(PortproofError) as raised:
        open_samples(data, SPECS)  # type: ignore[arg-type]
    assert raised.value.code == code


def test_a_state_that_begins_at_zero_may_be_allowed() -> None:
    found = open_samples([{"x": np.zeros((1, 3, 8, 8), np.float32)}], SPECS, allow_constant=True)
    assert isinstance(found, Samples)


def test_a_fingerprint_is_of_values_names_shapes_and_types() -> None:
    x = np.arange(6, dtype=np.float32)
    others = [{"y": x}, {"x": x.reshape(2, 3)}, {"x": x.astype(np.float64)}, {"x": x + 1}, {}]
    assert len({fingerprint(each) for each in [{"x": x}, *others]}) == 6  # type: ignore[list-item]
    assert fingerprint({"x": x[::-1][::-1]}) == fingerprint({"x": x.copy()})

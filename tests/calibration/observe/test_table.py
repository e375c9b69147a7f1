from pathlib import Path

import numpy as np
import pytest

from portproof.calibration.observe import histogram
from portproof.calibration.observe.table import Table, load, merge_tables
from portproof.device_profiles.errors import PortproofError


def table(seed: int, model: str = "m", sample: str = "") -> Table:
    values = np.random.default_rng(seed).normal(size=50).astype(np.float32) * 10**seed
    return Table(model=model, samples={sample or f"s{seed}": 1}, histograms={"a": histogram.of(values)})


def test_what_is_saved_is_loaded_and_the_bytes_do_not_depend_on_the_order(tmp_path: Path) -> None:
    merge_tables([table(0), table(1), table(2)]).save(tmp_path / "a.npz")
    merge_tables([table(2), table(0), table(1)]).save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    found, whole = load(tmp_path / "a.npz"), merge_tables([table(0), table(1), table(2)])
    assert (found.model, found.samples, found.data, found.count) == ("m", whole.samples, whole.data, 3)
    assert np.array_equal(found.histograms["a"].counts, whole.histograms["a"].counts)
    assert found.histograms["a"].low == whole.histograms["a"].low


def test_a_sample_seen_twice_counts_twice() -> None:
    both = table(0, sample="s").merged(table(1, sample="s"))
    assert (both.samples, both.count) == ({"s": 2}, 2)
    assert both.data != table(0, sample="s").data


def test_values_of_either_table_are_kept() -> None:
    other = Table(model="m", histograms={"b": table(1).histograms["a"]})
    assert sorted(table(0).merged(other).histograms) == ["a", "b"]


def test_tables_of_different_models_are_not_merged() -> None:
    with pytest.raises(PortproofError, match="cannot be used") as raised:
        table(0).merged(table(1, model="other"))
    assert raised.value.code == "E-CALIB-TABLE"


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "format"])
def test_what_is_no_table_is_refused(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    table(0).save(path)
    if damage == "format":
        np.savez(path, header=np.frombuffer(b'{"format": 99}', np.uint8), counts=np.zeros(0, np.int64))
    else:
        content = {"empty": b"", "text": b"no zip", "cut": path.read_bytes()[:-60]}[damage]
        path.write_bytes(content)
    with pytest.raises(PortproofError) as raised:
        load(path)
    assert raised.value.code == "E-CALIB-TABLE"


def test_a_table_that_is_not_there_and_one_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(PortproofError) as raised:
        load(tmp_path / "absent.npz")
    assert raised.value.code == "E-FILE-MISSING"
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(PortproofError) as raised:
        table(0).save(file / "t.npz")
    assert raised.value.code == "E-OUTPUT"

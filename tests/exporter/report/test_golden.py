from pathlib import Path

import numpy as np
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.report import golden

INPUTS = {"x": np.arange(6, dtype=np.float32).reshape(2, 3).T, "serving_default_x:0": np.array(3)}
OUTPUTS = {"x": np.array([True]), "../y": np.zeros((0, 2), np.int64)}


def test_names_shapes_and_types_come_back(tmp_path: Path) -> None:
    golden.write(tmp_path / "0.npz", INPUTS, OUTPUTS)
    inputs, outputs = golden.read(tmp_path / "0.npz")
    for wrote, read in ((INPUTS, inputs), (OUTPUTS, outputs)):
        assert list(wrote) == list(read)
        for name, array in wrote.items():
            np.testing.assert_array_equal(read[name], array)
            assert (read[name].dtype, read[name].shape) == (array.dtype, array.shape)


def test_numpy_reads_it_without_us(tmp_path: Path) -> None:
    golden.write(tmp_path / "0.npz", INPUTS, OUTPUTS)
    with np.load(tmp_path / "0.npz") as archive:
        assert sorted(archive.files) == ["inputs/serving_default_x:0", "inputs/x", "outputs/../y", "outputs/x"]


def test_the_bytes_do_not_depend_on_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    golden.write(tmp_path / "now.npz", INPUTS, OUTPUTS)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    golden.write(tmp_path / "later.npz", INPUTS, OUTPUTS)
    assert (tmp_path / "now.npz").read_bytes() == (tmp_path / "later.npz").read_bytes()


@pytest.mark.parametrize("name", ["x", "other/x"])
def test_another_archive_is_refused(tmp_path: Path, name: str) -> None:
    np.savez(tmp_path / "0.npz", **{name: np.zeros(1)})  # type: ignore[arg-type]
    with pytest.raises(PortproofError) as caught:
        golden.read(tmp_path / "0.npz")
    assert caught.value.code == "E-DATA-FORMAT"

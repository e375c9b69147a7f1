from pathlib import Path

import numpy as np
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.recorded import Reader, Recorded
from portproof.exporter.report import golden


def test_samples_come_back_as_often_as_asked() -> None:
    with Recorded() as recorded:
        for value in range(3):
            recorded.add({"x": np.full(2, value)}, {"y": np.full(2, -value), "a/b": np.float32(value)})
        assert len(recorded) == 3
        for _ in range(2):
            assert [int(outputs["y"][0]) for outputs in recorded] == [0, -1, -2]
            assert [int(inputs["x"][0]) for inputs in recorded.inputs()] == [0, 1, 2]
        assert [float(outputs["a/b"]) for _, outputs in recorded.samples(2)] == [0.0, 1.0]


def test_nothing_is_left_on_the_disk() -> None:
    with Recorded() as recorded:
        folder = recorded._folder.path
        recorded.add({"x": np.zeros(1)}, {})
        assert folder.exists()
    assert not folder.exists()


def test_golden_vectors_are_read_the_same_way(tmp_path: Path) -> None:
    golden.write(tmp_path / "0.npz", {"x": np.zeros(1)}, {"y": np.ones(1)})
    reader = Reader([tmp_path / "0.npz"])
    assert len(reader) == 1
    assert [list(outputs) for outputs in reader] == [["y"]]
    assert [list(inputs) for inputs in reader.inputs()] == [["x"]]


def test_a_damaged_vector_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0.npz").write_bytes(b"nonsense")
    with pytest.raises(PortproofError) as caught:
        list(Reader([tmp_path / "0.npz"]))
    assert caught.value.code == "E-DATA-FORMAT"

"""One network of the int8 benchmark: its float model, what it is calibrated on, what it is judged on.

Everything of a case is in one folder, so that a quantizer in an interpreter of its own needs no more than paths:
``model.onnx``, ``float.tflite``, ``calibration/000.npz...``, ``test.npz`` (all samples stacked), ``task.npz`` (what a
mix may be chosen by), ``case.json``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case that was prepared.

    Attributes:
        name: of the network.
        folder: with its files.
        kind: of the first output. ``"classes"``: its last axis are scores of classes; ``"vectors"``: its rows are
            embeddings; ``"text"``: scores of characters, position by position, as CTC has them; ``"pitch"``: scores of
            bins of 20 cents; ``"speech"``: a probability; ``"values"``: anything else.
        labels: of the test samples, each a list of accepted classes; empty where there are none.
        states: inputs that take an output of the sample before, by its index: the samples are a stream, and those of
            the first one begin it.
        torch: ``"models.py:mobilenet_v2"``: what converters that start from torch import; empty for ONNX models.
    """

    name: str
    folder: str
    kind: str
    labels: tuple[tuple[int, ...], ...] = ()
    states: tuple[tuple[str, int], ...] = ()
    torch: str = ""

    def path(self, name: str) -> Path:
        """Of a file of it."""
        return Path(self.folder) / name

    def samples(self) -> Iterator[Arrays]:
        """What it is judged on."""
        return _each(self.path("test.npz"))

    def task(self) -> Iterator[Arrays]:
        """What a mix may be chosen by: neither judged nor calibrated on."""
        return _each(self.path("task.npz"))

    def calibration(self) -> Path:
        """The folder of what it is calibrated on."""
        return self.path("calibration")


def _each(path: Path) -> Iterator[Arrays]:
    with np.load(path) as stacked:
        arrays = {name: stacked[name] for name in stacked.files}
    for index in range(len(next(iter(arrays.values())))):
        yield {name: array[index] for name, array in arrays.items()}


def load(folder: Path) -> Case:
    """A case that is there."""
    data = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    labels = tuple(tuple(row) for row in data.pop("labels"))
    states = tuple((name, index) for name, index in data.pop("states", ()))
    return Case(**data | {"labels": labels, "states": states, "folder": str(folder)})


def save(
    case: Case,
    calibration: Sequence[Mapping[str, Any]],
    test: Sequence[Mapping[str, Any]],
    task: Sequence[Mapping[str, Any]] = (),
) -> Case:
    """Writes the samples, and the case itself last: a folder with ``case.json`` is complete.

    Raises:
        AssertionError: a test sample is among those of calibration or of the task, or one of the task among the former.
    """
    seen, chosen = ({_content(sample) for sample in each} for each in (calibration, task))
    assert not seen & {_content(sample) for sample in test}, f"{case.name}: calibrated on what it is judged on"
    judged = {_content(sample) for sample in test} if not case.states else set()  # of a stream silence is in both
    assert not chosen & (seen | judged), f"{case.name}: chosen by what it is calibrated or judged on"
    case.calibration().mkdir(parents=True, exist_ok=True)
    for index, sample in enumerate(calibration):
        np.savez(case.calibration() / f"{index:03}.npz", **{name: np.asarray(array) for name, array in sample.items()})
    for name, samples in (("test.npz", test), ("task.npz", task)):
        if samples:
            np.savez(case.path(name), **{key: np.stack([sample[key] for sample in samples]) for key in samples[0]})
    text = json.dumps(asdict(case) | {"folder": ""}, indent=1)
    case.path("case.json").write_text(text, encoding="utf-8")
    return case


def _content(sample: Mapping[str, Any]) -> bytes:
    return b"".join(np.asarray(sample[name]).tobytes() for name in sorted(sample))

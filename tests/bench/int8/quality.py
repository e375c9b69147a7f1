"""How near a quantized network is to its float model: SQNR, agreement, KL, and its score on labels."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.bench.int8.case import Arrays, Case

from portproof.calibration.sensitivity.noise import Sqnr

Outputs = list[np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Of one file.

    Attributes:
        sqnr_db: over all test samples, of the output where it is lowest.
        agreement: percent: of samples with the float model's best class at every place, of embeddings with its
            nearest neighbour, of lines with its text, of frames with its pitch (within two bins, 40 cents) or its
            decision that there is speech; None of other values.
        divergence: mean Kullback-Leibler divergence from the float model's classes, in nats.
        top1: percent of labels met; `float_top1` by the float model.
    """

    sqnr_db: float
    agreement: float | None = None
    divergence: float | None = None
    top1: float | None = None
    float_top1: float | None = None


def judge(case: Case, wanted: Sequence[Outputs], got: Sequence[Outputs]) -> Quality:
    """Outputs of all test samples, by the float model and by a quantized one."""
    sums = [Sqnr() for _ in wanted[0]]
    for reference, candidate in zip(wanted, got, strict=True):
        sums = [total.plus(a, b) for total, a, b in zip(sums, reference, candidate, strict=True)]
    sqnr_db = round(min(total.sqnr_db for total in sums), 2)
    first, other = ([row[0] for row in side] for side in (wanted, got))
    if case.kind == "vectors":
        return Quality(sqnr_db=sqnr_db, agreement=percent(nearest(first) == nearest(other)))
    if case.kind in _SAME and case.kind != "classes":
        alike = [same(case.kind, a, b) for a, b in zip(first, other, strict=True)]
        return Quality(sqnr_db=sqnr_db, agreement=percent(alike))
    if case.kind != "classes":
        return Quality(sqnr_db=sqnr_db)
    alike = [same(case.kind, a, b) for a, b in zip(first, other, strict=True)]
    divergence = float(np.mean([kl(a, b) for a, b in zip(first, other, strict=True)]))
    tops = [top1(side, case.labels) if case.labels else None for side in (other, first)]
    return Quality(
        sqnr_db=sqnr_db,
        agreement=percent(alike),
        divergence=round(divergence, 5),
        top1=tops[0],
        float_top1=tops[1],
    )


def text(scores: np.ndarray) -> list[int]:
    """The characters of CTC's greedy reading: the best at each place, repetitions once, blanks (0) left out."""
    best = scores.reshape(-1, scores.shape[-1]).argmax(-1)
    changes = best[np.concatenate([[True], best[1:] != best[:-1]])]
    return [int(character) for character in changes if character]


_BINS, _SPEECH = 2, 0.5
_SAME: dict[str, Callable[[np.ndarray, np.ndarray], bool]] = {
    "classes": lambda wanted, got: bool((wanted.argmax(-1) == got.argmax(-1)).all()),
    "text": lambda wanted, got: text(wanted) == text(got),
    "pitch": lambda wanted, got: abs(int(wanted.argmax()) - int(got.argmax())) <= _BINS,
    "speech": lambda wanted, got: bool(((wanted > _SPEECH) == (got > _SPEECH)).all()),
}


def same(kind: str, wanted: np.ndarray, got: np.ndarray) -> bool:
    """Whether a task takes two first outputs of one input for the same."""
    return _SAME[kind](wanted, got)


def nearest(rows: Sequence[np.ndarray]) -> np.ndarray:
    """The nearest other of each embedding, by cosine."""
    vectors = np.concatenate([row.reshape(1, -1) for row in rows])
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    near = vectors @ vectors.T
    np.fill_diagonal(near, -np.inf)
    return near.argmax(1)


def kl(wanted: np.ndarray, got: np.ndarray) -> float:
    """Mean divergence of the classes on the last axis: scores, or probabilities already."""
    p, q = (_log_probabilities(side.astype(np.float64)) for side in (wanted, got))
    return float((np.exp(p) * (p - q)).sum(-1).mean())


def _log_probabilities(scores: np.ndarray) -> np.ndarray:
    if scores.min() >= 0 and np.allclose(scores.sum(-1), 1, atol=0.05):
        scores = np.log(np.maximum(scores, 1e-9))
    shifted = scores - scores.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))


def top1(rows: Iterable[np.ndarray], labels: Sequence[Sequence[int]]) -> float:
    """Percent of samples whose best class is among the accepted ones."""
    return percent([int(row.reshape(-1).argmax()) in label for row, label in zip(rows, labels, strict=True)])


def percent(hits: Iterable[bool] | np.ndarray) -> float:
    """Of hits."""
    return round(float(np.mean(np.asarray(list(hits), bool))) * 100, 2)


def run_all(case: Case, run: Callable[[Arrays], Outputs], samples: Iterable[Arrays] | None = None) -> Iterator[Outputs]:
    """The outputs of each test sample in turn; of a stream with the states that were given for the one before."""
    states: dict[str, np.ndarray] = {}
    for sample in case.samples() if samples is None else samples:
        outputs = run({**sample, **states})
        states = {name: outputs[index] for name, index in case.states}
        yield outputs


def run_onnx(path: Path) -> Callable[[Mapping[str, np.ndarray]], Outputs]:
    """Runs an ONNX file in ONNX Runtime, one thread, as it optimizes it."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    return lambda sample: [np.asarray(output) for output in session.run(None, dict(sample))]


def narrowed(array: np.ndarray, dtype: str) -> np.ndarray:
    """Whole numbers as another converter's file reads them: litert-torch makes int32 of int64."""
    return array.astype(dtype) if array.dtype.kind == np.dtype(dtype).kind == "i" else array


def run_tflite(path: Path, names: Sequence[str], shapes: Sequence[Sequence[int]]) -> Callable[[Arrays], Outputs]:
    """Runs a TFLite file in LiteRT; outputs in the order and the layout of the ONNX model.

    Args:
        path: of the file, ours or another converter's.
        names: of the ONNX model's outputs.
        shapes: of the ONNX model's outputs: other converters' files are matched by them.
    """
    from portproof import runtimes
    from portproof.runtimes.spec import to_file_layout, to_source_layout

    runner = runtimes.open(path, isolated=False)
    specs = list(runner.inputs)

    def run(sample: Arrays) -> Outputs:
        ours = set(sample) == {spec.name for spec in specs}
        given = sample if ours else dict(zip(sorted(spec.name for spec in specs), sample.values(), strict=True))
        given = given if ours else {spec.name: narrowed(given[spec.name], spec.dtype) for spec in specs}
        got = runner.run({spec.name: to_file_layout(spec, given[spec.name]) for spec in specs})
        found = {spec.name: to_source_layout(spec, got[spec.name]) for spec in runner.outputs}
        if set(found) == set(names):
            return [found[name] for name in names]
        left = list(found.values())
        return [left.pop(next(i for i, each in enumerate(left) if each.shape == tuple(shape))) for shape in shapes]

    return run

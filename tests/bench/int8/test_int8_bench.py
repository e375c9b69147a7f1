import importlib
import json
import math
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.bench.int8 import __main__ as bench
from tests.bench.int8 import case, child, cost, quality
from tests.bench.int8.case import Case
from tests.bench.int8.measure import Result, geometric_mean
from tests.bench.int8.methods import METHODS, SCRIPTS, quantize

SCORES = [[np.array([[2.0, 1.0, 0.0]])], [np.array([[0.0, 3.0, 1.0]])]]


def made(folder: Path, kind: str = "classes", **values: object) -> Case:
    return Case(name="net", folder=str(folder), kind=kind, **values)  # type: ignore[arg-type]


def rows(*values: float) -> list[dict[str, np.ndarray]]:
    return [{"x": np.full((1, 2), value, np.float32)} for value in values]


def test_a_case_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = case.save(made(tmp_path, labels=((1, 2), (0,))), rows(1, 2), rows(3, 4, 5))
    read = case.load(tmp_path)
    assert read == written
    assert [float(sample["x"][0, 0]) for sample in read.samples()] == [3, 4, 5]
    assert len(list(read.calibration().iterdir())) == 2


def test_nothing_is_calibrated_on_what_it_is_judged_on(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="judged on"):
        case.save(made(tmp_path), rows(1, 2), rows(3, 2))
    assert not (tmp_path / "case.json").exists()


def test_equal_outputs_have_no_error(tmp_path: Path) -> None:
    found = quality.judge(made(tmp_path, labels=((0,), (2,))), SCORES, SCORES)
    assert (found.sqnr_db, found.agreement, found.divergence) == (math.inf, 100, 0)
    assert (found.top1, found.float_top1) == (50, 50)


def test_a_class_that_changes_shows_in_agreement_and_divergence(tmp_path: Path) -> None:
    other = [[SCORES[0][0][:, ::-1]], SCORES[1]]
    found = quality.judge(made(tmp_path), SCORES, other)
    assert found.agreement == 50
    assert found.divergence == pytest.approx(quality.kl(SCORES[0][0], other[0][0]) / 2, abs=1e-5)
    assert found.sqnr_db == pytest.approx(10 * math.log10(15 / 8), abs=0.01)


def test_the_worst_output_counts(tmp_path: Path) -> None:
    wanted = [[np.ones((1, 2)), np.ones((1, 2))]]
    got = [[np.ones((1, 2)), np.full((1, 2), 1.1)]]
    assert quality.judge(made(tmp_path, "values"), wanted, got).sqnr_db == pytest.approx(20)


def test_divergence_takes_scores_and_probabilities() -> None:
    scores = np.array([[1.0, 2.0, 4.0]])
    shares = np.exp(scores) / np.exp(scores).sum()
    assert quality.kl(scores, shares) == pytest.approx(0, abs=1e-6)
    assert quality.kl(scores, scores[:, ::-1]) == pytest.approx(quality.kl(shares, shares[:, ::-1]), rel=1e-5)


def test_nearest_neighbours_are_others(tmp_path: Path) -> None:
    vectors = [np.array([row]) for row in ([1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9])]
    assert quality.nearest(vectors).tolist() == [1, 0, 3, 2]
    swapped = [vectors[0], vectors[2], vectors[1], vectors[3]]
    found = quality.judge(made(tmp_path, "vectors"), [[row] for row in vectors], [[row] for row in swapped])
    assert found.agreement == 0


def ctc(*characters: int) -> np.ndarray:
    return np.eye(5)[list(characters)][None]


def test_text_is_what_is_read() -> None:
    assert quality.text(ctc(0, 3, 3, 0, 3, 2, 0)) == [3, 3, 2]


@pytest.mark.parametrize(
    ("kind", "wanted", "got", "share"),
    [
        ("classes", np.array([[1.0, 2.0]]), np.array([[1.0, 1.5]]), 100),
        ("classes", np.array([[1.0, 2.0]]), np.array([[3.0, 2.0]]), 0),
        ("text", ctc(3, 3, 0, 2), ctc(0, 3, 2, 2), 100),
        ("text", ctc(3, 3, 0, 2), ctc(3, 0, 3, 2), 0),
        ("pitch", np.eye(360)[[7]], np.eye(360)[[9]], 100),
        ("pitch", np.eye(360)[[7]], np.eye(360)[[10]], 0),
        ("speech", np.array([[0.4]]), np.array([[0.45]]), 100),
        ("speech", np.array([[0.4]]), np.array([[0.55]]), 0),
    ],
)
def test_what_counts_as_the_same(tmp_path: Path, kind: str, wanted: np.ndarray, got: np.ndarray, share: float) -> None:
    assert quality.judge(made(tmp_path, kind), [[wanted]], [[got]]).agreement == share


def test_other_converters_files_get_whole_numbers_as_they_read_them() -> None:
    assert quality.narrowed(np.ones(2, np.int64), "int32").dtype == np.int32
    assert quality.narrowed(np.ones(2, np.float32), "int32").dtype == np.float32
    assert quality.narrowed(np.ones(2, np.float32), "float32").dtype == np.float32


def test_a_stream_goes_on_with_its_own_states(tmp_path: Path) -> None:
    stream = case.save(made(tmp_path, states=(("s", 1),)), rows(9), [{"x": np.ones(1), "s": np.zeros(1)}] * 3)
    outputs = list(quality.run_all(case.load(tmp_path), lambda sample: [sample["x"], sample["s"] + sample["x"]]))
    assert [float(row[1][0]) for row in outputs] == [1, 2, 3]
    assert case.load(tmp_path) == stream


def test_a_child_says_what_it_took(tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text("import job\njob.timed(lambda: [0] * 10)\n")
    (tmp_path / "job.py").write_text((SCRIPTS / "job.py").read_text())
    took = child.run(sys.executable, script, [], tmp_path / "log")
    assert took.error == ""
    assert took.peak_mb > 1


def test_a_child_that_fails_says_why(tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text("raise SystemExit('no such luck')\n")
    assert child.run(sys.executable, script, [], tmp_path / "log").error == "no such luck"


def test_interpreters_by_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTPROOF_PEERS_PYTHON", "nncf=/a/python:/b/python")
    assert [child.interpreter(peer) for peer in ("nncf", "aimet")] == ["/a/python", "/b/python"]
    monkeypatch.setenv("PORTPROOF_PEERS_PYTHON", "nncf=/a/python")
    assert child.interpreter("onnxruntime") == sys.executable


def test_a_peer_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "interpreter", lambda peer: "")
    nncf = next(method for method in METHODS if method.peer == "nncf")
    assert "no interpreter for nncf" in quantize(nncf, made(tmp_path), tmp_path / "out.onnx").error


def test_every_method_has_its_script() -> None:
    assert all((SCRIPTS / method.script).is_file() for method in METHODS)
    assert len({method.name for method in METHODS}) == len(METHODS)


def test_the_mean_of_ratios_is_geometric() -> None:
    assert geometric_mean([0.5, 2.0]) == pytest.approx(1)


def test_a_case_is_json(tmp_path: Path) -> None:
    case.save(made(tmp_path, labels=((1,),)), rows(1), rows(2))
    assert json.loads((tmp_path / "case.json").read_text())["labels"] == [[1]]


def test_what_more_images_take_is_a_straight_line() -> None:
    assert cost.expected(22.0, 42.0, (50, 100), 100) == 42.0
    assert cost.expected(22.0, 42.0, (50, 100), 500) == 202.0


def test_more_samples_than_there_are_vary_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    job = importlib.import_module("job")
    images = [np.random.default_rng(k).normal(size=(1, 3, 32, 32)).astype(np.float32) for k in range(2)]
    for index, image in enumerate(images):
        np.savez(tmp_path / f"{index}.npz", x=image)
    assert all(np.array_equal(sample["x"], image) for sample, image in zip(job.samples(tmp_path), images, strict=True))
    found = [sample["x"] for sample in job.samples(tmp_path, 6)]
    assert [array.shape for array in found] == [(1, 3, 32, 32)] * 6
    assert {array.dtype for array in found} == {np.dtype(np.float32)}
    assert all(np.array_equal(a, b) for a, b in zip(found, images, strict=False))
    assert len({array.tobytes() for array in found}) == 6
    again = [sample["x"] for sample in job.samples(tmp_path, 6)]
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))


def test_a_mix_is_chosen_by_what_is_neither_judged_nor_calibrated_on(tmp_path: Path) -> None:
    for task in (rows(2), rows(3)):
        with pytest.raises(AssertionError, match="chosen by"):
            case.save(made(tmp_path), rows(1, 2), rows(3, 4), task)
    written = case.save(made(tmp_path), rows(1, 2), rows(3, 4), rows(5, 6))
    assert [float(sample["x"][0, 0]) for sample in written.task()] == [5, 6]


def test_the_metric_counts_what_stays_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '<ir_version: 8, opset_import: ["": 18]> net (float[1,2] x) => (float[1,2] y) { y = Identity(x) }'
    onnx.save(onnx.parser.parse_model(text), tmp_path / "model.onnx")
    inputs = [{"x": np.array([[k, 2.5]], np.float32)} for k in range(5)]
    case.save(made(tmp_path), rows(1), rows(9), inputs)
    monkeypatch.syspath_prepend(str(SCRIPTS))
    score = importlib.import_module("task_score")
    monkeypatch.setenv(score.CASE, str(tmp_path))
    assert score.kept(lambda sample: {"y": sample["x"]}) == 5
    assert score.kept(lambda sample: {"y": sample["x"] + [[1, 0]]}) == 4


def test_what_a_mix_leaves_float_is_printed_by_name() -> None:
    layer = {"name": "conv_3", "op_type": "Conv", "precision": "dynamic", "why": "it hurts"}
    mix = {
        "layer_counts": {"int8": 4, "dynamic": 1},
        "metric": {"float": 12.0, "written": 12.0},
        "set_aside": [{}],
        "layers": [layer],
    }
    text = bench._layers(Result(method="by task", took=child.Took(), mix=mix))
    assert "by task: 4 int8, 1 dynamic, task 12 (float 12), 1 mixes set aside as not faster" in text
    assert "conv_3 (Conv) dynamic: it hurts" in text
    assert bench._layers(Result(method="plain", took=child.Took())) == ""

"""What float16 changes, relative to what; and that a choice is tried on no more inputs than it takes."""

from pathlib import Path

import numpy as np
import pytest
from tests.exporter.tflite.harness import model_of

from portproof.exporter.coreml.conversion import write_model
from portproof.exporter.coreml.float16_trial import Trial, difference, run

CHAIN = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[1,4] x) => (float[1,4] y) {
  a = Mul(x, by)
  y = Sin(a)
}
"""
INPUTS = [{"x": np.full((1, 4), value, np.float32)} for value in (0.001, 0.3337, 0.01)]


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    package = tmp_path / "wide.mlpackage"
    written = write_model(model_of(CHAIN, by=np.float32(700)), package, target="iOS17", float16=False)
    assert written.op_counts == {"mul": 1, "sin": 1}
    return Trial(package=package, inputs=INPUTS, reference=run(package, INPUTS))


def names(trial: Trial) -> dict[str, str]:
    from portproof.runtimes.coreml.survey import Survey

    survey = Survey()
    run(trial.package, trial.inputs[:1], observe=survey)
    return {seen.type: seen.name for seen in survey.operators.values()}


def test_nothing_in_float16_changes_nothing(trial: Trial) -> None:
    assert trial.error(names(trial).values()) == 0
    assert trial.error(()) > 1e-2


def test_the_input_that_failed_is_tried_first(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not trial.within((), 1e-2)
    tried = []
    one = Trial._one
    monkeypatch.setattr(Trial, "_one", lambda self, at, simulate: tried.append(at) or one(self, at, simulate))
    assert not trial.within({names(trial)["sin"]}, 1e-3)
    assert tried == [1], "the angle that is largest loses most"


def test_what_is_felt_is_that_of_the_operators_alone(trial: Trial) -> None:
    named = names(trial)
    assert not trial.within((), 1e-2)
    assert trial.felt(set(named.values())) == trial.error(())
    assert trial.felt(()) == 0
    assert trial.on_hardest(set(named.values())) == 0


def test_choices_are_tried_again_when_inputs_join(trial: Trial) -> None:
    before = trial.error(())
    further = [{"x": np.full((1, 4), 0.7777, np.float32)}]
    trial.add(further, run(trial.package, further))
    assert trial.error(()) > before


@pytest.mark.parametrize(
    ("want", "have", "error"),
    [
        ([1.0, 4.0], [1.0, 3.0], 0.25),
        ([0.0, 0.0], [0.0, 0.5], 0.5),
        ([np.inf, 2.0], [np.inf, 2.0], 0.0),
        ([np.nan, 2.0], [np.nan, 1.0], 0.5),
        ([1.0, 2.0], [np.nan, 2.0], np.inf),
        ([1.0, 2.0], [np.inf, 2.0], np.inf),
    ],
)
def test_differences_count_numbers_that_one_side_lacks(want: list[float], have: list[float], error: float) -> None:
    pairs = [{"y": np.array(values, np.float32)} for values in (want, have)]
    assert difference(pairs[:1], pairs[1:]) == error


def test_every_sample_is_measured_by_its_own_scale() -> None:
    want = [{"y": np.array([100.0])}, {"y": np.array([20.0])}, {"y": np.array([0.0])}]
    have = [{"y": np.array([100.0])}, {"y": np.array([19.0])}, {"y": np.array([0.02])}]
    assert difference(want, have) == 0.05
    assert difference(want[::2], have[::2]) == pytest.approx(0.02), "an output of next to nothing tells little"

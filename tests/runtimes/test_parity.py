import json
from pathlib import Path

import numpy as np
import onnx_files
import pytest
import tflite_files

import portproof.runtimes
from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes.gates import parse_gate
from portproof.runtimes.health import Vitals, findings
from portproof.runtimes.parity import Parity, compare, compare_runners, run_in_source_layout
from portproof.runtimes.tolerances import Tolerance

LOOSE = {"y": Tolerance(atol=1e9, reason="test")}
CHANCE = np.random.default_rng(0)


def codes(reference: list[np.ndarray], candidate: list[np.ndarray]) -> list[str]:
    return [message.code for message in health(reference, candidate)]


def health(reference: list[np.ndarray], candidate: list[np.ndarray]) -> list[Message]:
    sides = (Vitals(), Vitals())
    for vitals, arrays in zip(sides, (reference, candidate), strict=True):
        for array in arrays:
            vitals.add(array)
    return findings("y", *sides, where="m.tflite")


def noise(samples: int = 3) -> list[np.ndarray]:
    return [CHANCE.normal(size=(2, 50)).astype("float32") for _ in range(samples)]


ZERO = [np.zeros((2, 50), "float32")] * 3
ONE_VALUE = [np.full((2, 50), value, "float32") for value in (1, 2, 3)]


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (ZERO, ["W-SILENT-ZERO"]),
        (noise(1) * 3, ["W-CONSTANT"]),
        (ONE_VALUE, ["W-CONSTANT"]),
        ([np.full((2, 50), np.nan, "float32")] * 3, ["W-NAN", "W-CONSTANT"]),
        ([np.where(array > 2, np.inf, array) for array in noise(9)], ["W-NAN"]),
        ([np.clip(array, -9, -0.1) for array in noise()], ["W-SATURATED"]),
        ([np.clip(array, 0.5, 9) for array in noise()], ["W-SATURATED"]),
        ([np.clip(array * 200, -128, 127).astype("int8") for array in noise()], []),
        (noise(), []),
    ],
)
def test_silent_failures_against_a_healthy_reference(candidate: list[np.ndarray], expected: list[str]) -> None:
    assert codes(noise(len(candidate)), candidate) == expected
    # What the reference does as well is no finding.
    assert codes(candidate, candidate) == []


def test_findings_say_which_output_and_where() -> None:
    (message,) = health(noise(), ZERO)
    assert message.what == "output 'y' is all zeros"
    assert message.where == "m.tflite"


def test_one_sample_and_single_elements_are_no_evidence_of_constancy() -> None:
    assert codes(noise(1), noise(1)) == []
    scalars = [np.array([float(value)]) for value in (1, 2, 3)]
    assert codes(scalars, scalars[::-1]) == []


def test_healthy_relu_is_not_saturated() -> None:
    rectified = [np.maximum(array, 0) for array in noise()]
    assert codes(rectified, [array + np.float32(0) for array in rectified]) == []


def test_probabilities_that_round_to_one_or_zero_are_not_saturated() -> None:
    sure = [1 / (1 + np.exp(-12 * array)) for array in noise()]
    rounded = [array.astype("float16").astype("float32") for array in sure]
    assert max((array == 1).mean() for array in rounded) > 0.2
    assert codes(sure, rounded) == []
    sharp = [np.exp(-40 * np.abs(array)) for array in noise()]
    assert codes(sharp, [np.where(array < 1e-4, 0, array) for array in sharp]) == []


def result(reference: list[np.ndarray], candidate: list[np.ndarray], atol: float = 0.0) -> Parity:
    tolerances = {"y": Tolerance(atol=atol, reason="test")}
    return compare(({"y": a} for a in reference), ({"y": a} for a in candidate), tolerances, where="m.tflite")


def test_passing_parity() -> None:
    same = noise()
    parity = result(same, same)
    assert parity.passed
    assert parity.gates() == []
    assert parity.outputs[0].samples == 3
    json.dumps(parity.as_dict(), allow_nan=False)


def test_failing_gates_carry_their_codes() -> None:
    parity = result(noise(), ZERO)
    gates = parity.gates([parse_gate("sqnr_db>=30")])
    assert [message.code for message in gates] == ["E-GATE-PARITY", "E-GATE-HEALTH", "E-GATE-METRIC"]
    assert gates[1].details["finding"] == "W-SILENT-ZERO"
    assert "300 of 300 elements" in gates[0].why
    assert not parity.passed
    # Unhealthy outputs fail even where the tolerance is too wide to see it.
    assert [message.code for message in result(noise(), ZERO, atol=1e9).gates()] == ["E-GATE-HEALTH"]


def test_shapes_names_and_counts_must_agree() -> None:
    one, other = {"y": np.zeros(3, "float32")}, {"y": np.zeros(4, "float32")}
    for left, right, text in (
        ([one], [other], r"float32\[4\], the reference's is float32\[3\]"),
        ([one], [{"Y": one["y"]}], "candidate has no output 'y'"),
        ([{}, one], [one], "reference has no output 'y'"),
        ([one], [one, one], "reference gave fewer"),
        ([one, one], [one], "candidate gave fewer"),
        ([{"y": np.zeros(3, "complex64")}], [one], "complex64"),
    ):
        with pytest.raises(PortproofError, match=text) as caught:
            compare(left, right, LOOSE)
        assert caught.value.code == "E-GATE-PARITY"
    with pytest.raises(PortproofError) as caught:
        compare([], [], LOOSE)
    assert caught.value.code == "E-DATA-EMPTY"


def test_layouts_are_undone(tmp_path: Path) -> None:
    perms = {"inputs": {"x": [0, 2, 3, 1]}, "outputs": {"y": [0, 2, 3, 1]}}
    path = tflite_files.scale_model(tmp_path / "m.tflite", perms=perms)
    source = CHANCE.normal(size=(2, 3, 4, 5)).astype("float32")
    factor = np.array([1, 2, 3], "float32").reshape(3, 1, 1)
    with portproof.runtimes.open(path, isolated=False) as runner:
        assert np.array_equal(run_in_source_layout(runner, {"x": source})["y"], source * factor)
        with pytest.raises(PortproofError, match="not an input"):
            run_in_source_layout(runner, {"X": source})


def test_two_runners(tmp_path: Path) -> None:
    samples = [{"x": CHANCE.normal(size=(2, 3)).astype("float32")} for _ in range(2)]
    made = onnx_files.scale_proto()
    made.graph.initializer[0].raw_data = np.array([1, 2, 3.5], "float32").tobytes()
    with (
        portproof.runtimes.open(onnx_files.scale_model(tmp_path / "a.onnx"), isolated=False) as left,
        portproof.runtimes.open(onnx_files.save(tmp_path / "b.onnx", made), isolated=False) as right,
    ):
        assert compare_runners(left, left, samples, LOOSE).outputs[0].max_abs == 0
        parity = compare_runners(left, right, samples, LOOSE, where="b.onnx")
    worst = max(float(np.abs(sample["x"][:, 2]).max()) for sample in samples) / 2
    assert parity.outputs[0].max_abs == pytest.approx(worst, rel=1e-6)
    assert parity.outputs[0].top1 is not None

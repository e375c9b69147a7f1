import numpy as np
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.gates import parse_gate
from portproof.runtimes.metrics import Accumulator, OutputParity
from portproof.runtimes.spec import TensorSpec
from portproof.runtimes.tolerances import USER_REASON, Tolerance, default_tolerance, parse_tolerances, resolve

OUTPUTS = (
    TensorSpec(name="scores", shape=(1, 3), dtype="float32"),
    TensorSpec(name="ns:boxes", shape=(1, 4), dtype="float32"),
    TensorSpec(name="ids", shape=(1,), dtype="int64"),
)


def parity(name: str, reference: np.ndarray, candidate: np.ndarray) -> OutputParity:
    accumulator = Accumulator(name, Tolerance(atol=0.0, reason="test"))
    accumulator.add(reference, candidate)
    return accumulator.result()


def test_scaled_tolerance_grows_with_the_largest_value_and_never_shrinks() -> None:
    scaled = Tolerance(atol=1e-2, scaled=True, reason="test")
    assert scaled.allowed(np.array([600.0, 0.0])).tolist() == [6.0, 6.0]
    assert scaled.allowed(np.array([0.001])).tolist() == [1e-2]
    assert scaled.allowed(np.zeros(0)).shape == (0,)
    plain = Tolerance(atol=1e-2, rtol=0.1, reason="test")
    assert plain.allowed(np.array([-10.0, 0.0])).tolist() == pytest.approx([1.01, 0.01])


@pytest.mark.parametrize("target", ["tflite", "coreml", "onnx"])
def test_defaults_widen_with_less_precision_and_say_why(target: str) -> None:
    bounds = [default_tolerance(target, precision, "float32") for precision in ("float32", "float16", "int8")]
    assert bounds[0].atol < bounds[1].atol < bounds[2].atol
    assert all(bound.scaled and len(bound.reason) > 20 for bound in bounds)
    assert default_tolerance(target, "float16", "int64").atol == 0
    assert default_tolerance(target, "float32", "bool").atol == 0
    assert default_tolerance(target, "int8", "uint8").atol > 0


def test_resolve() -> None:
    chosen = resolve(OUTPUTS, target="tflite", atol=["1e-3", "ns:boxes:0.5"], rtol=["scores:1e-2"])
    assert chosen["scores"] == Tolerance(atol=1e-3, rtol=1e-2, reason=USER_REASON)
    assert chosen["ns:boxes"] == Tolerance(atol=0.5, reason=USER_REASON)
    assert chosen["ids"].atol == 1e-3
    plain = resolve(OUTPUTS, target="tflite", rtol=["scores:1e-2"])
    assert plain["scores"].atol == 0
    assert plain["ids"].reason.startswith("whole numbers")
    assert plain["ns:boxes"].scaled


@pytest.mark.parametrize("value", ["", "x", "scores:", "nan", "inf", "-1", "scores:1e-3:x"])
def test_what_is_no_tolerance(value: str) -> None:
    with pytest.raises(PortproofError) as caught:
        parse_tolerances([value], ["scores"], "--atol")
    assert caught.value.code == "E-USAGE"
    assert "--atol" in str(caught.value)


def test_unknown_output_suggests() -> None:
    with pytest.raises(PortproofError, match="did you mean scores"):
        parse_tolerances(["score:1"], ["scores"], "--rtol")
    with pytest.raises(PortproofError, match="outputs are scores"):
        parse_tolerances(["zz:1"], ["scores"], "--rtol")


def test_gates_are_met_or_not() -> None:
    good = parity("a", np.array([[1.0, 0.0]]), np.array([[1.001, 0.0]]))
    bad = parity("b", np.array([1.0]), np.array([1.5]))
    gate = parse_gate("sqnr_db>=30")
    (message,) = gate.check([good, bad], "m.tflite")
    assert message.code == "E-GATE-METRIC"
    assert "sqnr_db of output 'b' is 6.0206, wanted >= 30" in message.what
    assert parse_gate("a:sqnr_db >= 30").check([good, bad], "") == []
    assert parse_gate("max_abs<0.4").check([good], "") == []
    assert len(parse_gate("max_abs<0.5").check([bad], "")) == 1
    assert parse_gate("max_abs<=0.5").check([bad], "") == []
    assert len(parse_gate("sqnr_db>61").check([good], "")) == 1


def test_a_gate_on_a_metric_nothing_has_fails() -> None:
    good, plain = parity("a", np.eye(2), np.eye(2)), parity("b", np.ones(3), np.ones(3))
    assert parse_gate("top1>=0.99").check([good, plain], "") == []
    assert "not defined" in parse_gate("top1>=0.99").check([plain], "")[0].what
    assert "not defined" in parse_gate("b:top1>=0.99").check([good, plain], "")[0].what
    assert "'zz'" in parse_gate("zz:top1>=0.99").check([good], "")[0].what


def test_gate_text_is_kept() -> None:
    gate = parse_gate("ns:boxes:cosine>=0.999")
    assert (gate.output, gate.metric, gate.compare, gate.value) == ("ns:boxes", "cosine", ">=", 0.999)
    assert str(gate) == "ns:boxes:cosine>=0.999"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("sqnr_db", "of the form"),
        ("sqnr_db=30", "of the form"),
        ("snr_db>=30", "sqnr_db"),
        ("cosine>=x", "not a number"),
    ],
)
def test_what_is_no_gate(text: str, part: str) -> None:
    with pytest.raises(PortproofError) as caught:
        parse_gate(text)
    assert caught.value.code == "E-USAGE"
    assert part in str(caught.value)

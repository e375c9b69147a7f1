import pytest
from tests.exporter.tflite.harness import model_of

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.tflite.lower import lower

HEAD = '<ir_version: 9, opset_import: ["" : 18]> g '


def only_refusal(text: str) -> tuple[str, str]:
    with pytest.raises(PortproofError) as caught:
        lower(model_of(HEAD + text))
    (message,) = caught.value.messages
    return message.why, message.hint


def test_an_input_without_a_shape() -> None:
    why, hint = only_refusal("(float[N,2] x) => (float[N,2] z) { y = Relu(x) z = Neg(y) }")
    assert "the shape of x" in why
    assert "input x has no fixed shape" in why
    assert "--input" in hint


def test_a_parameter_computed_at_run_time_is_named_where_the_shape_comes_from() -> None:
    text = "(float[4] x, int64[2] s) => (float[N,M] z) { s2 = Abs(s) y = Expand(x, s2) w = Relu(y) z = Neg(w) }"
    why, hint = only_refusal(text)
    assert "Expand makes it from s2, computed at run time" in why
    assert "constant" in hint


def test_the_first_unknown_shape_is_named_also_further_on() -> None:
    text = "(float[4] x, int64[N] i) => (float[N] z) { y = Gather(x, i) w = Relu(y) z = Neg(w) }"
    why, _ = only_refusal(text)
    assert "input i has no fixed shape" in why


def test_an_operator_whose_output_depends_on_the_data_has_a_hint() -> None:
    text = "(float[1,6,4] b, float[1,1,6] s) => (int64[N,3] z) { y = NonMaxSuppression(b, s) z = Neg(y) }"
    why, hint = only_refusal(text)
    assert "depends on the data" in why
    assert "boxes and scores" in hint

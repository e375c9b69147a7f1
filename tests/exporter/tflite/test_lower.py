import numpy as np
import onnx
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import model_of

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.values import DOMAIN

HEAD = '<ir_version: 9, opset_import: ["" : 18]> g '


def refusals(text: str) -> list:
    with pytest.raises(PortproofError) as caught:
        lower(model_of(HEAD + text))
    return list(caught.value.messages)


def test_all_refusals_come_at_once() -> None:
    found = refusals("(float[2,2] x) => (float[2,2] y, float[2,2] z) { y = RandomNormalLike(x) z = Bernoulli(x) }")
    assert [message.details["op_type"] for message in found] == ["RandomNormalLike", "Bernoulli"]
    assert {message.code for message in found} == {"E-OP-UNSUPPORTED"}
    assert "random" in found[1].why


def test_what_hangs_on_a_refused_shape_is_not_refused_again() -> None:
    found = refusals("(float[2,2] x) => (int64[N,2] z) { y = NonZero(x) z = Transpose(y) }")
    assert [message.details["op_type"] for message in found] == ["NonZero"]
    assert "depends on the data" in found[0].why


def test_an_operator_behind_a_refused_one_is_still_looked_at() -> None:
    found = refusals("(float[1,2,2] x) => (float[1,2,2] z) { y = RandomNormalLike(x) z = Bernoulli(y) }")
    assert [message.details["op_type"] for message in found] == ["RandomNormalLike", "Bernoulli"]


def test_an_attribute_that_no_handler_knows_is_refused() -> None:
    model = model_of(HEAD + "(float[2] x) => (float[2] y) { y = Relu(x) }")
    model.graph[0].attributes["speed"] = ir.AttrInt64("speed", 9)
    with pytest.raises(PortproofError, match="speed"):
        lower(model)


def test_names_metadata_and_weights_are_carried_over() -> None:
    weights = np.ones((2, 2), np.float32)
    model = model_of(HEAD + "(float[2,2] x) => (float[2,2] y) { a = Mul(x, w) y = Relu(a) }", w=weights)
    model.graph[0].metadata_props["portproof.where"] = "net.py:7 in forward"
    lowered = lower(model)
    assert {node.domain for node in lowered.graph} == {DOMAIN}
    assert lowered.graph[0].metadata_props["portproof.where"] == "net.py:7 in forward"
    assert [value.name for value in (*lowered.graph.inputs, *lowered.graph.outputs)] == ["x", "y"]
    held = model.graph.initializers["w"].const_value
    assert lowered.graph[0].inputs[1].const_value is held


def test_an_input_given_back_is_copied() -> None:
    text = HEAD + "(float[2,2] x) => (float[2,2] y, float[2,2] z) { y = Identity(x) z = Identity(x) }"
    graph = lower(model_of(text)).graph
    assert [value.name for value in graph.outputs] == ["y", "z"]
    assert len(set(graph.outputs)) == 2


def test_wrong_inference_is_a_defect_not_a_wrong_file() -> None:
    model = ir.from_proto(onnx.parser.parse_model(HEAD + "(float[2,3] x) => (float[3,2] y) { y = Relu(x) }"))
    with pytest.raises(PortproofError) as caught:
        lower(model)
    assert caught.value.code == "E-INTERNAL"

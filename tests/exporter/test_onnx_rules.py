import onnx
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_rules

HEAD = '<ir_version: 10, opset_import: ["" : 23]>\ng (float[4] x) => (float[4] y)\n'


def findings(body: str) -> list[str]:
    return findings_of(onnx.parser.parse_model(HEAD + body))


def findings_of(proto: onnx.ModelProto) -> list[str]:
    try:
        onnx_rules.check(proto, "m.onnx")
    except PortproofError as error:
        return [message.what for message in error.messages]
    return []


def test_a_right_model_has_no_findings():
    assert findings("{ [a] b = Relu(x)\n [c] y = Add(b, x) }") == []


def test_a_cycle_names_its_nodes_in_order():
    (text,) = findings("{ [a] p = Add(x, r)\n [b] q = Relu(p)\n [c] r = Relu(q)\n [d] y = Relu(r) }")
    assert text == "the graph has a cycle: 'a' (Add) -> 'b' (Relu) -> 'c' (Relu) -> 'a' (Add)"


def test_a_node_that_reads_itself_is_a_cycle():
    (text,) = findings("{ [a] p = Add(x, p)\n [b] y = Relu(p) }")
    assert "'a' (Add) -> 'a' (Add)" in text


def test_an_order_that_is_wrong_without_a_cycle_says_so():
    (text,) = findings("{ [a] y = Relu(b)\n [b] b = Relu(x) }")
    assert text == "node 'a' (Relu) stands before the node that makes its input"


def test_an_undefined_value_names_the_node_and_the_value():
    assert findings("{ [a] y = Add(x, ghost) }") == ["node 'a' (Add) reads 'ghost', which nothing defines"]


def test_a_node_without_a_name_is_named_by_its_output():
    assert findings("{ y = Add(x, ghost) }") == ["node Add -> 'y' reads 'ghost', which nothing defines"]


def test_an_output_that_nothing_makes():
    assert findings("{ z = Relu(x) }") == ["the output 'y' is defined by nothing"]


@pytest.mark.parametrize("name", ["b", "x"])
def test_a_name_defined_twice(name):
    found = findings(f"{{ [a] b = Relu(x)\n [c] {name} = Relu(b)\n [d] y = Relu(b) }}")
    assert f"node 'c' (Relu) defines '{name}', which is defined already" in found


def test_two_weights_of_one_name():
    proto = onnx.parser.parse_model(HEAD + "<float[1] w = {1}> { y = Add(x, w) }")
    proto.graph.initializer.append(proto.graph.initializer[0])
    assert findings_of(proto) == ["the name 'w' is defined twice"]


def test_an_input_with_a_default_is_no_double():
    proto = onnx.parser.parse_model(HEAD + "<float[4] w = {1, 2, 3, 4}> { y = Add(x, w) }")
    proto.graph.input.append(onnx.helper.make_tensor_value_info("w", 1, [4]))
    assert findings_of(proto) == []


BRANCH = (
    "{{ c = Constant<value = bool {{1}}>()\n y = If(c)<"
    "then_branch = t () => (float[4] p) {{ p = Relu({name}) }},"
    "else_branch = e () => (float[4] q) {{ q = Neg(x) }}> }}"
)


def test_a_branch_sees_the_values_outside_it():
    assert findings(BRANCH.format(name="x")) == []
    assert findings(BRANCH.format(name="ghost")) == ["node Relu -> 'p' reads 'ghost', which nothing defines"]


@pytest.mark.parametrize(("dims", "size", "said"), [([4], 12, "needs 16 bytes"), ([-1], 16, "negative dimension")])
def test_weights_whose_bytes_do_not_fit_their_shape(dims, size, said):
    proto = onnx.parser.parse_model(HEAD + "{ y = Add(x, w) }")
    proto.graph.initializer.append(onnx.TensorProto(name="w", data_type=1, dims=dims, raw_data=bytes(size)))
    (text,) = findings_of(proto)
    assert said in text

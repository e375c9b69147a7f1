"""What a body reads from around it, and what it is lowered to; the operators with bodies have tests of their own."""

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.ops.control_support import model
from tests.exporter.tflite.tfl import graph_input

from portproof.exporter.lowering.refusal import RefusedInside
from portproof.exporter.tflite.body import captured, inline, outer
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.values import array_of, constant, shape_of

NESTED = """g (float[2] x, bool k, float[2] w) => (float[2] y) { v = Neg(w)
    y = If(k) <then_branch = t () => (float[2] a) { p = Abs(x)
        a = If(k) <then_branch = u () => (float[2] b) { q = Add(p, v)
            b = Neg(q) }, else_branch = o () => (float[2] c) { c = Exp(w) }> },
    else_branch = e () => (float[2] d) { d = Exp(x) }> }"""


def branch(name: str = "then_branch") -> ir.Graph:
    return model(NESTED).graph[1].attributes[name].as_graph()


def test_captured_in_order_and_through_nesting() -> None:
    then, other = (branch(name) for name in ("then_branch", "else_branch"))
    assert [value.name for value in captured(then)] == ["x", "k", "v", "w"]
    assert [value.name for value in captured(other)] == ["x"]


def test_inline_gives_names_to_whoever_asks_and_leaves_the_body_alone() -> None:
    body = branch("else_branch")
    before = [node.op_type for node in body]
    b = Builder(23)
    (result,) = inline(b, body, [], lambda value: graph_input(value.name or "", (2,)))
    assert isinstance(result, ir.Value)
    assert result.name is None
    assert [node.op_type for node in b.nodes] == ["EXP"]
    assert [node.op_type for node in body] == before
    assert b.lookup is None


def test_constants_fold_what_hangs_on_them() -> None:
    b = Builder(23)
    (result,) = inline(b, branch("else_branch"), [], lambda _: constant(np.zeros(2, np.float32)))
    assert isinstance(result, ir.Value)
    np.testing.assert_array_equal(array_of(result), [1, 1])
    assert not b.nodes


def test_arguments_bring_their_own_shapes() -> None:
    text = """g (float[2] x, int64 n, bool c) => (float[2] y) { y = Loop(n, c, x) <
        body = b (int64 i, bool d, float[N] s) => (bool e, float[N] t) { e = Identity(d)
            m = Shape(s)
            o = ConstantOfShape(m)
            t = Add(s, o) }> }"""
    body = model(text).graph[0].attributes["body"].as_graph()
    b = Builder(23)
    going = b.const(True)
    _, result = inline(b, body, [b.const(0), going, graph_input("s", (5,))], {}.__getitem__)
    assert isinstance(result, ir.Value)
    assert shape_of(result) == (5,)


def test_what_is_refused_inside_is_named() -> None:
    text = "g (float[4] x, bool k) => (float[N] y) { y = If(k) <then_branch = t () => (float[N] a) { a, b, c, d = Unique(x) }, else_branch = e () => (float[4] f) { f = Neg(x) }> }"  # noqa: E501
    body = model(text).graph[0].attributes["then_branch"].as_graph()
    with pytest.raises(RefusedInside) as caught:
        inline(Builder(23), body, [], lambda value: graph_input(value.name or "", (4,)))
    (message,) = caught.value.messages
    assert message.what == "Unique cannot be written in TFLite"


def test_no_node_is_being_lowered() -> None:
    with pytest.raises(ValueError, match="no ONNX node"):
        outer(Builder(23))

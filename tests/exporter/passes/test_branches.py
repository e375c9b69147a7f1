import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.exporter import onnx_io
from portproof.exporter.passes.branches import InlineConstantIf

YES, NO = np.array(True), np.array([False])
THEN = "then_branch = t () => (float[2] a) { a = Neg(x) }"
BRANCHES = f"<{THEN}, else_branch = e () => (float[2] c) {{ b = Abs(x)\n c = Exp(b) }}>"


@pytest.mark.parametrize(("condition", "ops"), [(YES, ["Neg", "Relu"]), (NO, ["Abs", "Exp", "Relu"])])
def test_the_branch_taken_stands_in_its_place(run, condition, ops):
    text = f"g (float[2] x) => (float[2] y) {{ z = If(k) {BRANCHES}\n y = Relu(z) }}"
    outcome = run(InlineConstantIf(), text, k=condition)
    assert outcome.ops == ops
    assert outcome.max_error == 0


def test_an_output_keeps_its_name(run):
    assert run(InlineConstantIf(), f"g (float[2] x) => (float[2] y) {{ y = If(k) {BRANCHES} }}", k=YES).ops == ["Neg"]


def test_a_branch_that_gives_what_it_found_outside(run):
    text = "g (float[2] x) => (float[2] y) { y = If(k) <then_branch = t () => (float[2] a) { a = Identity(x) }, else_branch = e () => (float[2] b) { b = Neg(x) }> }"  # noqa: E501
    assert run(InlineConstantIf(), text, k=YES).ops == ["Identity"]


def test_an_if_inside_of_a_branch(run):
    inner = f"<then_branch = o () => (float[2] p) {{ p = If(k) {BRANCHES} }}, else_branch = q () => (float[2] r) {{ r = Exp(x) }}>"  # noqa: E501
    text = f"g (float[2] x) => (float[2] y) {{ z = If(k) {inner}\n y = Relu(z) }}"
    assert run(InlineConstantIf(), text, k=YES).ops == ["Neg", "Relu"]


def test_a_condition_of_the_run_stays(run):
    text = f"g (float[2] x, bool k) => (float[2] y) {{ y = If(k) {BRANCHES} }}"
    assert not run(InlineConstantIf(), text).modified


def test_weights_of_the_branch_come_along():
    text = f'<ir_version: 10, opset_import: ["" : 23]>g (float[2] x) => (float[2] y) {{ y = If(k) {BRANCHES} }}'
    proto = onnx.parser.parse_model(text)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(YES, "k"))
    branch = proto.graph.node[0].attribute[0].g
    branch.initializer.append(onnx.numpy_helper.from_array(np.ones(2, np.float32), "w"))
    branch.node[0].CopyFrom(onnx.helper.make_node("Add", ["x", "w"], ["a"]))
    model = ir.from_proto(proto)
    model.graph[0].metadata_props["portproof.where"] = "net.py:3"
    assert InlineConstantIf()(model).modified
    (node,) = model.graph
    assert node.op_type == "Add"
    assert node.metadata_props["portproof.where"] == "net.py:3"
    onnx.checker.check_model(onnx_io.to_proto(model))

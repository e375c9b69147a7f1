import numpy as np
import onnx
import onnx_ir as ir
from tests.exporter.tflite.harness import inferred
from tests.exporter.tflite.ops.control_support import agrees, floats, model, refused

TYPE = onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, [2, 3])
X = floats(2, 3)


def test_what_it_holds_is_itself() -> None:
    text = "g (float[2,3] x) => (float[2,3] y, bool k) { o = Optional(x)\n z = OptionalGetElement(o)\n y = Neg(z)\n k = OptionalHasElement(o) }"  # noqa: E501
    assert agrees(model(text), {"x": X})["NEG"] == 1


def test_a_sequence_is_held_too() -> None:
    text = "g (float[2,3] x) => (float[2,3] y) { s = SequenceConstruct(x)\n o = Optional(s)\n t = OptionalGetElement(o)\n z = ConcatFromSequence<axis=0>(t)\n y = Neg(z) }"  # noqa: E501
    assert agrees(model(text), {"x": X}) == {"NEG": 1}


def empty(*nodes: onnx.NodeProto) -> ir.Model:
    none = onnx.helper.make_node("Optional", [], ["o"], type=TYPE)
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [2, 3])
    graph = onnx.helper.make_graph([none, *nodes], "g", [x], [onnx.ValueInfoProto(name="y")])
    return inferred(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10))


def test_whether_it_holds_something_decides_a_branch() -> None:
    def branch(op: str) -> onnx.GraphProto:
        info = onnx.helper.make_tensor_value_info("b", onnx.TensorProto.FLOAT, [2, 3])
        return onnx.helper.make_graph([onnx.helper.make_node(op, ["x"], ["b"])], op, [], [info])

    has = onnx.helper.make_node("OptionalHasElement", ["o"], ["k"])
    choice = onnx.helper.make_node("If", ["k"], ["y"], then_branch=branch("Neg"), else_branch=branch("Abs"))
    assert agrees(empty(has, choice), {"x": X}) == {"ABS": 1}


def test_nothing_to_take_out() -> None:
    (why,) = refused(empty(onnx.helper.make_node("OptionalGetElement", ["o"], ["y"])))
    assert why.endswith("it takes an element out of an optional value that holds none")


def test_no_input_holds_nothing() -> None:
    node = onnx.helper.make_node("OptionalHasElement", [""], ["y"])
    assert set(agrees(empty(node), {"x": np.zeros((2, 3), np.float32)})) <= {"RESHAPE", "SLICE"}

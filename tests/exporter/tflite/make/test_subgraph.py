import numpy as np
from tests.exporter.tflite.tfl import graph_input

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import TensorList
from portproof.exporter.tflite.make.arithmetic import unary
from portproof.exporter.tflite.make.subgraph import Operands, closed_graph
from portproof.exporter.tflite.values import array_of, constant

X, Y, K = graph_input("x", (2,)), graph_input("y", ()), constant(np.ones(3, np.float32), "k")


def test_each_operand_comes_in_once_and_constants_stay_out() -> None:
    operands = Operands([X, K, TensorList(items=(Y, X)), X])
    assert operands.run_time == [X, Y]
    inputs, (first, known, pair, again) = operands.parameters("in")
    assert [value.name for value in inputs] == ["in0", "in1"]
    assert first is again is inputs[0]
    assert pair == TensorList(items=(inputs[1], inputs[0]))
    assert known is not K
    np.testing.assert_array_equal(array_of(known), np.ones(3))


def test_copies_where_one_tensor_would_be_two() -> None:
    b = Builder(23)
    inputs = [graph_input("a", (2,)), graph_input("c", ())]
    negative = unary(b, "NEG", inputs[0])
    graph = closed_graph(b, "step", inputs, [inputs[0], inputs[0], negative, negative, inputs[1], K])
    names = [value.name for value in graph.outputs]
    assert names == ["a", "out1", "out2", "out3", "out4", "out5"]
    assert len(set(graph.outputs)) == 6
    assert [node.op_type for node in graph].count("SLICE") == 4


def test_an_input_at_its_own_place_stays() -> None:
    b = Builder(23)
    inputs = [graph_input("a", (2,)), graph_input("c", (2,))]
    graph = closed_graph(b, "step", inputs, [inputs[0], inputs[1]])
    assert list(graph.outputs) == inputs
    assert not list(graph)

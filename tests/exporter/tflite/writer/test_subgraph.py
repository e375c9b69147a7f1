import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.tfl import graph_input, model_of

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.values import DOMAIN
from portproof.exporter.tflite.writer.model import write
from portproof.runtimes.tflite_schema import schema

WEIGHTS = np.arange(4, dtype=np.float32)


def inner(name: str, op: str, result: str) -> ir.Graph:
    b = Builder(23)
    x = graph_input("a", (4,))
    y = binary(b, op, x, b.const(WEIGHTS.copy()))
    y.name = result
    return ir.Graph([x], [y], nodes=b.nodes, opset_imports={DOMAIN: 1}, name=name)


def branching(first: ir.Graph, second: ir.Graph, times: int = 1) -> ir.Model:
    """`times` IFs behind one another, each with the same two graphs; the sum of `WEIGHTS` is at the end."""
    b = Builder(23)
    condition, x = graph_input("condition", (), np.bool_), graph_input("x", (4,))
    y = x
    for _ in range(times):
        y = b.emit("IF", [condition, y], shape=(4,), dtype=np.float32, then=first, **{"else": second})
    y = binary(b, "ADD", y, b.const(WEIGHTS))
    return model_of(b, [condition, x], {"y": y})


@pytest.mark.parametrize("condition", [True, False])
def test_an_operator_runs_the_graph_it_names(condition: bool) -> None:
    x = np.full(4, 3, np.float32)
    data = write(branching(inner("add", "ADD", "sum"), inner("mul", "MUL", "product")))
    got = tflite_outputs(data, {"condition": np.array(condition), "x": x})["y"]
    np.testing.assert_allclose(got, (x + WEIGHTS if condition else x * WEIGHTS) + WEIGHTS)


def test_a_graph_that_several_operators_name_is_written_once() -> None:
    twice = inner("add", "ADD", "sum")
    data = write(branching(twice, twice, times=3))
    model = schema.ModelT.InitFromPackedBuf(bytes(data), 0)
    assert [graph.name for graph in model.subgraphs] == [b"main", b"add"]
    options = [op.builtinOptions for op in model.subgraphs[0].operators[:3]]
    assert {(item.thenSubgraphIndex, item.elseSubgraphIndex) for item in options} == {(1, 1)}
    got = tflite_outputs(data, {"condition": np.array(True), "x": np.zeros(4, np.float32)})["y"]
    np.testing.assert_allclose(got, 4 * WEIGHTS)


def test_graphs_share_constants_and_operator_codes() -> None:
    data = bytes(write(branching(inner("add", "ADD", "sum"), inner("mul", "MUL", "product"))))
    assert data.count(WEIGHTS.tobytes()) == 1
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    codes = [code.builtinCode for code in model.operatorCodes]
    assert sorted(codes) == sorted(getattr(schema.BuiltinOperator, name) for name in ("IF", "ADD", "MUL"))


def test_names_are_unique_in_each_graph_and_kept_at_its_ends() -> None:
    model = schema.ModelT.InitFromPackedBuf(
        bytes(write(branching(inner("g", "ADD", "a0"), inner("g", "MUL", "b0")))), 0
    )
    for graph in model.subgraphs:
        names = [tensor.name for tensor in graph.tensors]
        assert len(names) == len(set(names))
    ends = [[graph.tensors[i].name for i in (*graph.inputs, *graph.outputs)] for graph in model.subgraphs]
    assert ends == [[b"condition", b"x", b"y"], [b"a", b"a0"], [b"a", b"b0"]]


def test_a_graph_without_a_field_is_a_defect() -> None:
    b = Builder(23)
    x = graph_input("x", (4,))
    y = b.emit("SOFTMAX", [x], shape=(4,), dtype=np.float32, body=inner("g", "ADD", "s"))
    with pytest.raises(KeyError, match="body_subgraph_index"):
        write(model_of(b, [x], {"y": y}))

"""The names of new constants: free ones, collected once for a pass over many nodes."""

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.exporter.passes import graph as helpers
from portproof.exporter.passes.batchnorm import FoldBatchNorm
from portproof.exporter.passes.graph import add_constant, free_name, names_kept

TEXT = '<ir_version: 9, opset_import: ["" : 18]> g (float[2] x) => (float[2] y) { a = Relu(x)\n y = Neg(a) }'


def model() -> ir.Model:
    return ir.from_proto(onnx.parser.parse_model(TEXT))


def added(graph: ir.Graph, name: str) -> str | None:
    return add_constant(graph, np.zeros(2, np.float32), name).name


def test_names_are_those_that_are_free_kept_or_not() -> None:
    for wanted, given in (("w", "w"), ("a", "a_1"), ("x", "x_1")):
        graph = model().graph
        assert added(graph, wanted) == given
        with names_kept():
            assert added(graph, wanted) == f"{wanted}_{1 if given == wanted else 2}"


def test_a_name_that_has_become_free_is_taken_again() -> None:
    graph = model().graph
    with names_kept():
        assert added(graph, "c") == "c"
        graph[0].outputs[0].name = "b"
        assert added(graph, "a") == "a"  # found out, as nothing was added under it
        assert added(graph, "b") == "b_1"
        graph[0].outputs[0].name = "d"
        free_name(graph, "b")  # as a pass that gives the value of b to a constant does
        assert added(graph, "b") == "b"


def test_nothing_is_kept_beyond_the_block() -> None:
    graph = model().graph
    with names_kept():
        added(graph, "c")
    graph[0].outputs[0].name = "d"
    assert added(graph, "d") == "d_1"
    free_name(graph, "d")


@pytest.mark.parametrize("count", [3, 30])
def test_names_are_collected_once_for_any_number_of_nodes(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    names, calls = helpers.names, []
    monkeypatch.setattr(helpers, "names", lambda graph: calls.append(1) or names(graph))
    nodes = "".join(
        f"c{k} = Conv({'x' if not k else f'b{k - 1}'}, w)\n b{k} = BatchNormalization(c{k}, s, s, s, s)\n "
        for k in range(count)
    )
    text = (
        '<ir_version: 9, opset_import: ["" : 18]> g (float[1,2,4,4] x) => (float[1,2,4,4] y)'
        f" <float[2,2,1,1] w = {{1,2,3,4}}, float[2] s = {{1,2}}> {{ {nodes} y = Relu(b{count - 1}) }}"
    )
    given = ir.from_proto(onnx.parser.parse_model(text))
    with names_kept():
        FoldBatchNorm()(given)
    assert [node.op_type for node in given.graph] == ["Conv"] * count + ["Relu"]
    assert len(given.graph.initializers) >= 2 * count
    assert len(calls) <= 2

"""Which lists of a Loop are only appended to; what becomes of them is asserted where sequences are tested."""

import onnx_ir as ir
import pytest
from tests.exporter.tflite.ops.control_support import model
from tests.exporter.tflite.tfl import graph_input

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import TensorList
from portproof.exporter.tflite.make.appended import appended_lists, with_lists, without_lists
from portproof.exporter.tflite.values import shape_of

EMPTY = TensorList(items=())
X = graph_input("x", (2,))


def body(lines: str) -> ir.Graph:
    text = f"""g (float[2] x, int64 n, bool k) => (float[2] y) {{ e = SequenceEmpty()
        s, y = Loop(n, k, e, x) <body = b (int64 i, bool c, seq(float[2]) p, float[2] u)
            => (bool d, seq(float[2]) v, float[2] w) {{ d = Identity(c)
            w = Neg(u)
            {lines} }}> }}"""
    graph: ir.Graph = model(text).graph[1].attributes["body"].as_graph()
    return graph


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("v = SequenceInsert(p, w)", [0]),
        ("v = SequenceInsert(p, x)", [0]),
        ("v = SequenceInsert(p, w, i)", []),  # not at the end
        ("v = Identity(p)", []),
        ("l = SequenceInsert(p, w)\n v = SequenceInsert(l, u)", []),
        ("l = SequenceLength(p)\n v = SequenceInsert(p, w)", []),  # something reads it
    ],
)
def test_only_appended_to(lines: str, found: list[int]) -> None:
    assert appended_lists(body(lines), [EMPTY, X]) == found
    assert appended_lists(body(lines), [TensorList(items=(X,)), X]) == []


def test_the_state_becomes_a_stacked_output() -> None:
    given = body("v = SequenceInsert(p, w)")
    changed = without_lists(given, [0])
    assert [value.name for value in changed.inputs] == ["i", "c", "u"]
    assert [value.name for value in changed.outputs] == ["d", "w", "w"]
    assert [node.op_type for node in changed] == ["Identity", "Neg"]
    assert [node.op_type for node in given][-1] == "SequenceInsert"


def test_and_a_list_again_in_its_place() -> None:
    b = Builder(23)
    stacked = graph_input("rows", (3, 2))
    first, second = with_lists(b, [X, stacked], [0])
    assert second is X
    assert isinstance(first, TensorList)
    assert first.stacked is stacked
    assert [shape_of(item) for item in first.items] == [(2,)] * 3

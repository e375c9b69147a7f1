"""When a loop is written out; that both forms are right is asserted where Loop and Scan are tested."""

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.tfl import graph_input

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.items import TensorList
from portproof.exporter.tflite.make.arithmetic import binary
from portproof.exporter.tflite.make.iterate import iterate
from portproof.exporter.tflite.make.iteration import Iteration, Stepped, unrolled
from portproof.exporter.tflite.values import shape_of


def loop(count: int | None, nodes: int, elements: int, **options) -> Iteration:
    """Each of its steps adds a constant of so many elements, so many times."""
    weights = np.ones(elements, np.float32)

    def step(b: Builder, time, states, free) -> Stepped:
        value = states[0]
        for _ in range(nodes):
            value = binary(b, "ADD", value, b.const(weights))
        return Stepped(going=b.const(True), states=[value], rows=[])

    state = graph_input("x", (elements,))
    return Iteration(step=step, states=[state], free=[], count=count, backwards=[], declared=[], **options)


@pytest.mark.parametrize(
    ("count", "nodes", "elements", "written_out"),
    [
        (16, 4, 8, True),
        (17, 1, 8, False),  # steps
        (16, 5, 8, False),  # operators
        (1, 100, 8, True),
        (2, 1, 2**17, True),
        (3, 1, 2**17, False),  # weights: 512 KiB a step
        (None, 1, 8, False),
    ],
)
def test_small_ones_are_written_out(count: int | None, nodes: int, elements: int, written_out: bool) -> None:
    b = Builder(23)
    iterate(b, loop(count, nodes, elements))
    names = [node.op_type for node in b.nodes]
    assert names == (["ADD"] * (count or 0) * nodes if written_out else ["WHILE"])


def test_no_steps() -> None:
    b = Builder(23)
    given = loop(0, 1, 8)
    assert iterate(b, given).states == given.states
    assert not b.nodes


def test_what_is_given_up_leaves_no_reader_behind() -> None:
    b = Builder(23)
    given = loop(10, 1, 8)
    assert unrolled(b, given, most_steps=3, most_nodes=100) is None
    assert not b.nodes
    assert not given.states[0].uses()


def grows(b: Builder, time, states, free) -> Stepped:
    return Stepped(going=b.const(True), states=[TensorList(items=(*states[0].items, states[0].items[0]))], rows=[])


@pytest.mark.parametrize("count", [3, None])
def test_a_list_that_grows(count: int | None) -> None:
    b = Builder(23)
    state = TensorList(items=(graph_input("x", (2,)),))
    late = None if count else graph_input("n", (), np.int32)
    given = Iteration(step=grows, states=[state], free=[], count=count, late_count=late, backwards=[], declared=[])
    if count is None:
        with pytest.raises(Refusal, match="changes its length"):
            iterate(b, given)
    else:
        (result,) = iterate(b, given).states
        assert result == TensorList(items=state.items * 4)


def test_rows_written_backwards() -> None:
    def step(b: Builder, time, states, free) -> Stepped:
        return Stepped(going=b.const(True), states=[], rows=[free[0]])

    given = Iteration(
        step=step, states=[], free=[graph_input("x", (2, 3))], count=30, backwards=[True], declared=[None]
    )
    b = Builder(23)
    (stacked,) = iterate(b, given).stacked
    assert shape_of(stacked) == (30, 2, 3)
    (body,) = [attribute.as_graph() for attribute in b.nodes[-1].attributes.values() if attribute.name == "body"]
    assert "SUB" in [node.op_type for node in body]
    assert isinstance(body, ir.Graph)

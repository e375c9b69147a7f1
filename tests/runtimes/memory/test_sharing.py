"""Whose memory a result lies in."""

from dataclasses import replace

import pytest

from portproof.runtimes.memory.sharing import Graph, Sharing, Step, buffers_of


def chain(sharing: Sharing, *more: Step) -> Graph:
    steps = (
        Step(inputs=["x"], outputs=["a"]),
        Step(inputs=["a", "w"], outputs=["b"], sharing=sharing),
        Step(inputs=["b"], outputs=["y"]),
        *more,
    )
    names = {"x", "w", *(name for step in steps for name in step.outputs)}
    return Graph(steps=steps, sizes=dict.fromkeys(names, 64), constants=frozenset("w"), inputs=["x"], outputs=["y"])


def spans(graph: Graph) -> dict[str, tuple[int, int]]:
    return {buffer.name: (buffer.first, buffer.last) for buffer in buffers_of(graph)}


READS_A = Step(inputs=["a"], outputs=["z"])


def test_inputs_and_outputs_are_held_to_the_end() -> None:
    assert spans(chain("none")) == {"x": (0, 3), "a": (0, 1), "b": (1, 2), "y": (2, 3)}


@pytest.mark.parametrize("sharing", ["first", "first_two", "same_data"])
def test_a_result_lies_in_the_argument_that_nothing_else_reads(sharing: Sharing) -> None:
    assert spans(chain(sharing)) == {"x": (0, 3), "a": (0, 2), "y": (2, 3)}


def test_what_is_read_again_is_not_written_over_but_handed_on() -> None:
    assert spans(chain("first", READS_A))["b"] == (1, 2)
    assert "b" not in spans(chain("same_data", READS_A))


def test_another_size_and_a_scalar_have_memory_of_their_own() -> None:
    graph = chain("first")
    assert "b" in spans(replace(graph, sizes={**graph.sizes, "b": 32}))
    assert "b" in spans(replace(graph, sizes=dict.fromkeys(graph.sizes, 4)))


def test_the_second_argument_serves_where_the_first_cannot() -> None:
    graph = chain("none")
    swapped = replace(graph.steps[1], inputs=["w", "a"], sharing="first_two")
    assert "b" not in spans(replace(graph, steps=(graph.steps[0], swapped, graph.steps[2])))


def test_what_nothing_reads_stays_and_what_has_no_size_is_named() -> None:
    graph = chain("none", READS_A)
    assert spans(graph)["z"] == (3, 4)
    unsized = replace(graph, sizes={**graph.sizes, "z": None})
    assert unsized.unknown == ["z"]
    assert "z" not in spans(unsized)


def test_variables_live_all_along() -> None:
    assert spans(replace(chain("none"), variables=["a"]))["a"] == (0, 3)

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.tfl import graph_input, model_of, op_names

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import reshape, transpose
from portproof.exporter.tflite.passes.merge_moves import MergeMoves
from portproof.exporter.tflite.writer.model import write

few = settings(max_examples=60, deadline=None, derandomize=True, database=None)
sizes = st.sampled_from([1, 2, 2, 3, 4, 6])


def shapes(draw: st.DrawFn, count: int) -> list[int]:
    shape = []
    while count > 1 and len(shape) < 3:
        shape.append(draw(st.sampled_from([size for size in range(1, count + 1) if count % size == 0])))
        count //= shape[-1]
    return [*shape, count]


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[int], list[list[int] | tuple[int, ...]]]:
    """A shape, and moves of it: lists are shapes, tuples permutations."""
    start = shape = draw(st.lists(sizes, min_size=1, max_size=4))
    moves: list[list[int] | tuple[int, ...]] = []
    for _ in range(draw(st.integers(2, 6))):
        if draw(st.booleans()):
            moves.append(tuple(draw(st.permutations(range(len(shape))))))
            shape = [shape[axis] for axis in moves[-1]]
        else:
            shape = shapes(draw, math.prod(shape))
            moves.append(shape)
    return start, moves


def run(shape: list[int], moves: list[list[int] | tuple[int, ...]]) -> tuple[list[str], list[str]]:
    """Operators before and after; the data must be where numpy puts it, and a second pass must change nothing."""
    b, x = Builder(18), graph_input("x", shape)
    data = want = np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    y = x
    for move in moves:
        y = transpose(b, y, move) if isinstance(move, tuple) else reshape(b, y, move)
        want = want.transpose(move) if isinstance(move, tuple) else want.reshape(move)
    model = model_of(b, [x], {"y": b.emit("ABS", [y], shape=want.shape, dtype=np.float32)})
    before = op_names(model)
    MergeMoves()(model)
    assert not MergeMoves()(model).modified
    np.testing.assert_array_equal(tflite_outputs(write(model), {"x": data}, reference=True)["y"], want)
    return before, op_names(model)


@few
@given(chains())
def test_any_chain(chain: tuple[list[int], list[list[int] | tuple[int, ...]]]) -> None:
    before, after = run(*chain)
    assert after.count("TRANSPOSE") <= before.count("TRANSPOSE")


def test_windows_of_an_image() -> None:
    moves = [(0, 3, 1, 2), [16, 2, 4, 2], (0, 2, 1, 3), [1, 8, 8, 4], (0, 3, 2, 1), [4, 8, 8]]
    _, after = run([1, 4, 8, 8], moves)
    assert after.count("TRANSPOSE") == 1


def test_moves_that_cancel() -> None:
    assert "TRANSPOSE" not in run([2, 6], [(1, 0), [2, 3, 2], (2, 0, 1)])[1]


def test_pieces_that_do_not_fit_are_left() -> None:
    assert run([4, 6], [(1, 0), [8, 3], (1, 0)])[1].count("TRANSPOSE") == 2


def test_what_others_read_stays() -> None:
    b, x = Builder(18), graph_input("x", [2, 3, 4])
    first = transpose(b, x, (1, 0, 2))
    other = b.emit("ABS", [first], shape=(3, 2, 4), dtype=np.float32)
    last = transpose(b, reshape(b, first, (6, 4)), (1, 0))
    model = model_of(b, [x], {"y": b.emit("NEG", [last], shape=(4, 6), dtype=np.float32), "z": other})
    assert not MergeMoves()(model).modified

import numpy as np
import pytest
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.tfl import graph_input, model_of, op_names

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import reshape, transpose
from portproof.exporter.tflite.passes.dead_code import RemoveDeadCode
from portproof.exporter.tflite.passes.split_heads import SplitHeads
from portproof.exporter.tflite.values import rank_of
from portproof.exporter.tflite.writer.model import write


def run(sizes: list[int], order: list[int], axis: int, ends: list[list[int]]) -> tuple[list[str], int]:
    """Operators after the pass, and the most axes of any value; the outputs must stay what they were."""
    x = np.random.default_rng(0).standard_normal((sizes[0], int(np.prod(sizes[1:])))).astype(np.float32)
    b, given = Builder(18), graph_input("x", x.shape)
    turned = transpose(b, reshape(b, given, sizes), order)
    count = sizes[order[axis]]
    part = [1 if at == axis else sizes[each] for at, each in enumerate(order)]
    kinds = [(part, np.float32)] * count
    parts = b.emit_many("SPLIT", [b.const(np.array(axis, np.int32)), turned], outputs=kinds, num_splits=count)
    wanted = np.split(x.reshape(sizes).transpose(order), count, axis)
    outputs, want = {}, {}
    for at, (value, array) in enumerate(zip(parts, wanted, strict=True)):
        end = ends[at % len(ends)]
        flat = reshape(b, value, end) if end else value
        outputs[f"y{at}"] = b.emit("ABS", [flat], shape=end or part, dtype=np.float32)
        want[f"y{at}"] = np.abs(array.reshape(end or part))
    model = model_of(b, [given], outputs)
    SplitHeads()(model)
    RemoveDeadCode()(model)
    assert not SplitHeads()(model).modified
    got = tflite_outputs(write(model), {"x": x})
    for name, array in want.items():
        np.testing.assert_array_equal(got[name], array)
    return op_names(model), max(rank_of(value) for node in model.graph for value in node.outputs)


SPLIT_ONLY = ["RESHAPE", "TRANSPOSE", "SPLIT"]


@pytest.mark.parametrize("batch", [1, 2])
def test_heads_are_taken_apart_next_to_one_another(batch: int) -> None:
    found, axes = run([batch, 5, 3, 2, 4], [2, 0, 3, 1, 4], 0, [[batch, 2, 5, 4]])
    assert found == [*SPLIT_ONLY, "ABS", "ABS", "ABS"]
    assert axes == 4


def test_equal_sizes() -> None:
    found, _ = run([2, 2, 2, 2, 2], [2, 0, 3, 1, 4], 0, [[2, 2, 2, 2]])
    assert found == [*SPLIT_ONLY, "ABS", "ABS"]


def test_the_axis_may_stand_anywhere() -> None:
    found, axes = run([2, 3, 4, 5], [0, 2, 1, 3], 2, [[2, 4, 5]])
    assert found == [*SPLIT_ONLY, "ABS", "ABS", "ABS"]
    assert axes == 3


def test_other_shapes_of_the_parts_stay_reshapes() -> None:
    found, _ = run([1, 5, 3, 2, 4], [2, 0, 3, 1, 4], 0, [[2, 5, 4], [1, 2, 5, 4], [40]])
    assert sorted(found) == sorted([*SPLIT_ONLY, "RESHAPE", "RESHAPE", "ABS", "ABS", "ABS"])


def test_a_part_that_is_read_as_it_is() -> None:
    found, axes = run([1, 5, 3, 2, 4], [2, 0, 3, 1, 4], 0, [[], [1, 2, 5, 4], [1, 2, 5, 4]])
    assert (found.count("RESHAPE"), axes) == (3, 5)


def test_an_axis_with_none_behind_it() -> None:
    found, axes = run([2, 5, 4, 3], [3, 0, 1, 2], 0, [[2, 5, 4]])
    assert (found.count("RESHAPE"), axes) == (4, 4)

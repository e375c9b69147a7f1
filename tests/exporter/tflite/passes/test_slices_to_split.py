import numpy as np
import pytest
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.tfl import graph_input, model_of, op_names

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import slice_
from portproof.exporter.tflite.passes.slices_to_split import SlicesToSplit
from portproof.exporter.tflite.writer.model import write

X = np.random.default_rng(0).standard_normal((4, 12)).astype(np.float32)


def run(axis: int, pieces: list[tuple[int, int]]) -> list[str]:
    """Operators after the pass; the outputs must be the slices."""
    b, x = Builder(18), graph_input("x", X.shape)
    ends, want = {}, {}
    for at, (begin, size) in enumerate(pieces):
        start = [begin if axis == other else 0 for other in (0, 1)]
        shape = [size if axis == other else X.shape[other] for other in (0, 1)]
        part = slice_(b, x, start, shape)
        ends[f"y{at}"] = b.emit("ABS", [part], shape=shape, dtype=np.float32) if at else part
        cut = X[begin : begin + size] if axis == 0 else X[:, begin : begin + size]
        want[f"y{at}"] = np.abs(cut) if at else cut
    model = model_of(b, [x], ends)
    SlicesToSplit()(model)
    assert not SlicesToSplit()(model).modified
    for reference in (False, True):
        got = tflite_outputs(write(model), {"x": X}, reference=reference)
        for name, array in want.items():
            np.testing.assert_array_equal(got[name], array)
    return op_names(model)


@pytest.mark.parametrize(("axis", "size", "count"), [(0, 2, 2), (0, 1, 4), (1, 4, 3), (1, 3, 4)])
@pytest.mark.parametrize("backwards", [False, True])
def test_equal_parts(axis: int, size: int, count: int, backwards: bool) -> None:
    pieces = [(size * k, size) for k in range(count)]
    assert run(axis, pieces[::-1] if backwards else pieces).count("SPLIT") == 1


@pytest.mark.parametrize(
    "pieces", [[(0, 4), (4, 4)], [(0, 4), (4, 8)], [(0, 6), (5, 6)], [(2 * k, 2) for k in range(6)]]
)
def test_what_is_no_partition_into_a_few_stays(pieces: list[tuple[int, int]]) -> None:
    assert "SPLIT" not in run(1, pieces)


def test_a_part_taken_twice_keeps_its_second_slice() -> None:
    assert sorted(run(1, [(0, 6), (6, 6), (0, 6)])) == ["ABS", "ABS", "SLICE", "SPLIT"]

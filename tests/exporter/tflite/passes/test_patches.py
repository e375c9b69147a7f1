import numpy as np
import pytest
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.tfl import graph_input, model_of, op_names

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.movement import reshape, transpose
from portproof.exporter.tflite.passes.dead_code import RemoveDeadCode
from portproof.exporter.tflite.passes.patches import Patches
from portproof.exporter.tflite.values import rank_of
from portproof.exporter.tflite.writer.model import write


def run(image: list[int], sizes: list[int], order: list[int], end: list[int]) -> tuple[list[str], int]:
    """Operators and most axes after the pass; the output must stay what it was."""
    x = np.random.default_rng(0).standard_normal(image).astype(np.float32)
    b, given = Builder(18), graph_input("x", image)
    moved = reshape(b, transpose(b, reshape(b, given, sizes), order), end)
    model = model_of(b, [given], {"y": b.emit("ABS", [moved], shape=end, dtype=np.float32)})
    Patches()(model)
    RemoveDeadCode()(model)
    assert not Patches()(model).modified
    want = np.abs(x.reshape(sizes).transpose(order).reshape(end))
    for reference in (False, True):
        got = tflite_outputs(write(model), {"x": x}, reference=reference)["y"]
        np.testing.assert_array_equal(got, want)
    return op_names(model), max(rank_of(value) for node in model.graph for value in node.outputs)


@pytest.mark.parametrize(("side", "high", "wide", "channels"), [(2, 4, 3, 5), (2, 2, 2, 2), (3, 1, 2, 1)])
def test_patches_apart_and_together(side: int, high: int, wide: int, channels: int) -> None:
    image, patches = [1, high * side, wide * side, channels], [side * side, high * wide, channels]
    apart, _ = run(image, [high, side, wide, side, channels], [1, 3, 0, 2, 4], patches)
    together, _ = run(patches, [side, side, high, wide, channels], [2, 0, 3, 1, 4], image)
    assert ("SPACE_TO_DEPTH" in apart, "DEPTH_TO_SPACE" in together) == (True, True)
    assert together.count("TRANSPOSE") == apart.count("TRANSPOSE") == 1


@pytest.mark.parametrize(
    ("image", "sizes", "order"),
    [
        ([1, 8, 9, 5], [4, 2, 3, 3, 5], [1, 3, 0, 2, 4]),  # patches of 2 x 3
        ([8, 6, 5], [4, 2, 3, 2, 5], [1, 3, 0, 2, 4]),  # no image
        ([1, 8, 6, 5], [4, 2, 3, 2, 5], [0, 2, 1, 3, 4]),  # windows
        ([1, 4, 6, 5], [4, 1, 6, 1, 5], [1, 3, 0, 2, 4]),  # patches of one pixel
    ],
)
def test_what_is_something_else(image: list[int], sizes: list[int], order: list[int]) -> None:
    found, axes = run(image, sizes, order, [int(np.prod(image))])
    assert not {"SPACE_TO_DEPTH", "DEPTH_TO_SPACE"} & set(found)
    assert axes == 5

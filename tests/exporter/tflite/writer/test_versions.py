import numpy as np
import pytest
from tests.exporter.tflite.tfl import graph_input

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, cast, unary
from portproof.exporter.tflite.make.movement import broadcast_to, pad, reshape, transpose
from portproof.exporter.tflite.writer.versions import operator_version


def version(build) -> int:
    b = Builder(23)
    build(b)
    return operator_version(b.nodes[-1])


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda b: unary(b, "RELU", graph_input("x", (2,))), 1),
        (lambda b: binary(b, "ADD", graph_input("x", (2,), np.int64), graph_input("y", (2,), np.int64)), 4),
        (lambda b: transpose(b, graph_input("x", (1, 2, 3, 4)), (0, 2, 3, 1)), 1),
        (lambda b: transpose(b, graph_input("x", (1, 2, 3, 4, 5)), (0, 2, 3, 1, 4)), 4),
        (lambda b: transpose(b, graph_input("x", (1, 2, 3, 4, 5, 2)), (0, 2, 3, 1, 4, 5)), 6),
        (lambda b: pad(b, graph_input("x", (1, 2, 3, 4, 5)), [(1, 0)] * 5), 4),
        (lambda b: binary(b, "SUB", graph_input("x", (1, 1, 1, 1, 2)), graph_input("y", (1, 1, 1, 3, 2))), 3),
        (lambda b: cast(b, graph_input("x", (2,), np.float16), np.float32), 5),
        (lambda b: broadcast_to(b, graph_input("x", (1,)), (3,)), 2),
        (lambda b: reshape(b, graph_input("x", (4,)), (2, 2)), 1),
    ],
)
def test_lowest_version_that_has_it(build, expected) -> None:
    assert version(build) == expected


def fully_connected(b, inputs, **options):
    x = graph_input("x", (1, 4))
    values = [x, b.const(np.zeros((3, 4), np.float32)), b.const(np.zeros(3, np.float32))]
    return b.emit("FULLY_CONNECTED", values[:inputs], shape=(1, 3), dtype=np.float32, **options)


def test_fully_connected_by_its_form() -> None:
    assert version(lambda b: fully_connected(b, 3)) == 1
    assert version(lambda b: fully_connected(b, 3, keep_num_dims=True)) == 5
    assert version(lambda b: fully_connected(b, 2)) == 6


def conv(b, channels, groups=1, **options):
    x = graph_input("x", (1, 8, 8, channels))
    w = b.const(np.zeros((4, 1, 1, channels // groups), np.float32))
    bias = b.const(np.zeros(4, np.float32))
    return b.emit("CONV_2D", [x, w, bias], shape=(1, 8, 8, 4), dtype=np.float32, **options)


def test_grouped_convolution_needs_version_6() -> None:
    assert version(lambda b: conv(b, 4)) == 1
    assert version(lambda b: conv(b, 4, groups=2)) == 6


def test_half_pixel_resize_needs_version_3() -> None:
    def resize(b, **options):
        x = graph_input("x", (1, 2, 2, 1))
        size = b.ints([4, 4])
        return b.emit("RESIZE_BILINEAR", [x, size], shape=(1, 4, 4, 1), dtype=np.float32, **options)

    assert version(resize) == 1
    assert version(lambda b: resize(b, align_corners=True)) == 1
    assert version(lambda b: resize(b, half_pixel_centers=True)) == 3

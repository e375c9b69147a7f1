import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import tflite_outputs
from tests.exporter.tflite.tfl import graph_input, model_of, op_names

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import binary, reduce, unary
from portproof.exporter.tflite.make.movement import reshape, transpose
from portproof.exporter.tflite.passes.pipeline import after_layout
from portproof.exporter.tflite.passes.reshapes import (
    HoistReshape,
    MergeReshapes,
    MergeTransposes,
    ReduceThenReshape,
    TransposeToReshape,
)
from portproof.exporter.tflite.writer.model import write

RNG = np.random.default_rng(0)


def run_pass(item, build, shape):
    """Applies `item` twice: the result computes the same, and the second time changes nothing."""
    b = Builder(23)
    x = graph_input("x", shape)
    model = model_of(b, [x], {"y": build(b, x)})
    data = {"x": RNG.standard_normal(shape).astype(np.float32)}
    before = tflite_outputs(write(model), data)["y"]
    item(model)
    np.testing.assert_allclose(tflite_outputs(write(model), data)["y"], before, rtol=1e-6)
    assert not item(model).modified
    return op_names(model)


def test_transpose_of_ones_is_a_reshape() -> None:
    names = run_pass(TransposeToReshape(), lambda b, x: transpose(b, x, (0, 2, 1)), (1, 8, 1))
    assert names == ["RESHAPE"]


def test_transpose_that_moves_bytes_stays() -> None:
    names = run_pass(TransposeToReshape(), lambda b, x: transpose(b, x, (0, 2, 1)), (1, 8, 2))
    assert names == ["TRANSPOSE"]


def test_transposes_merge_and_cancel() -> None:
    twice = run_pass(MergeTransposes(), lambda b, x: transpose(b, transpose(b, x, (1, 2, 0)), (1, 0, 2)), (2, 2, 2))
    assert twice.count("TRANSPOSE") == 2  # the first stays until dead code goes

    def there_and_back(b, x):
        return unary(b, "RELU", transpose(b, transpose(b, x, (1, 2, 0)), (2, 0, 1)))

    names = run_pass(MergeTransposes(), there_and_back, (2, 2, 2))
    assert names.count("RELU") == 1


def test_reshapes_merge() -> None:
    def build(b, x):
        return unary(b, "RELU", reshape(b, reshape(b, x, (4, 6)), (2, 3, 4)))

    b = Builder(23)
    x = graph_input("x", (2, 3, 4))
    model = model_of(b, [x], {"y": build(b, x)})
    MergeReshapes()(model)
    assert model.graph[-1].inputs[0] is x


def test_reshape_moves_behind_an_activation() -> None:
    def build(b, x):
        y = unary(b, "TANH", x)
        return unary(b, "ABS", binary(b, "MUL", reshape(b, y, (2, 5)), 2.0))

    names = run_pass(HoistReshape(), build, (2, 1, 5))
    assert names == ["TANH", "MUL", "RESHAPE", "ABS"]


def test_reshape_takes_a_channel_vector_along() -> None:
    def build(b, x):
        vector = b.const(RNG.standard_normal((1, 1, 3)).astype(np.float32))
        return unary(b, "ABS", binary(b, "ADD", reshape(b, x, (1, 4, 3)), vector))

    assert run_pass(HoistReshape(), build, (1, 1, 4, 3)) == ["ADD", "RESHAPE", "ABS"]


def test_reshape_that_mixes_axes_stays_in_front_of_a_vector() -> None:
    def build(b, x):
        vector = b.const(RNG.standard_normal((1, 6)).astype(np.float32))
        return unary(b, "ABS", binary(b, "ADD", reshape(b, x, (2, 6)), vector))

    assert run_pass(HoistReshape(), build, (2, 2, 3)) == ["RESHAPE", "ADD", "ABS"]


@pytest.mark.parametrize("op", ["MEAN", "SUM", "REDUCE_MAX"])
def test_reduction_drops_its_axes_itself(op: str) -> None:
    def build(b, x):
        return unary(b, "ABS", reshape(b, reduce(b, op, x, [1, 2], keepdims=True), (2, 3)))

    assert run_pass(ReduceThenReshape(), build, (2, 4, 4, 3)) == [op, "ABS"]


def test_reduction_keeps_axes_that_the_reshape_keeps() -> None:
    def build(b, x):
        return unary(b, "ABS", reshape(b, reduce(b, "MEAN", x, [1], keepdims=True), (2, 3, 1)))

    assert run_pass(ReduceThenReshape(), build, (2, 4, 3)) == ["MEAN", "RESHAPE", "ABS"]


def test_an_output_keeps_its_name_when_its_node_goes() -> None:
    b = Builder(23)
    x = graph_input("x", (2, 3))
    model = model_of(b, [x], {"y": unary(b, "RELU6", binary(b, "ADD", x, 1.0))})
    after_layout(model)
    assert op_names(model) == ["ADD"]
    assert [value.name for value in model.graph.outputs] == ["y"]
    assert isinstance(model.graph.outputs[0].producer(), ir.Node)


def test_activation_is_not_fused_where_the_sum_is_read_too() -> None:
    b = Builder(23)
    x = graph_input("x", (2, 3))
    total = binary(b, "ADD", x, 1.0)
    model = model_of(b, [x], {"sum": total, "y": unary(b, "RELU", total)})
    after_layout(model)
    assert op_names(model) == ["ADD", "RELU"]

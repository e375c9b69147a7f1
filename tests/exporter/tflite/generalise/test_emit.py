import numpy as np
import onnx_ir as ir
from tests.exporter.tflite.tfl import graph_input, model_of, op_names

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.generalise.emit import SizeMaker
from portproof.exporter.tflite.generalise.fit import Axis, Expression, number
from portproof.exporter.tflite.writer.model import write


def run(wanted, shape: tuple[int, ...], **options) -> tuple[list[str], np.ndarray]:
    """The operators, and what they compute for an input of `shape`; `wanted` makes expressions of the input's axes."""
    b = Builder(23)
    x = graph_input("x", shape)
    x.meta["shape_signature"] = (-1,) * len(shape)
    y = b.emit("ABS", [x], shape=shape, dtype=np.float32)
    model = model_of(b, [x], {"y": y})
    maker = SizeMaker(model.graph)
    expressions = wanted([Expression(factors=(Axis(x, axis),)) for axis in range(len(shape))])
    reader = model.graph[0]
    made = maker.like(reader, expressions, options.get("out", (len(expressions),)), options.get("dtype", np.int32))
    again = maker.vector(reader, expressions)
    assert again is maker.vector(reader, expressions)  # made once
    made.name = "sizes"
    model.graph.outputs.append(made)
    return [name for name in op_names(model) if name != "ABS"], _sizes(model, shape)


def _sizes(model: ir.Model, shape: tuple[int, ...]) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=bytes(write(model)), num_threads=1)
    signature = interpreter.get_signature_runner()
    for size in (tuple(n + 1 for n in shape), shape):  # resized, and back
        found = signature(x=np.zeros(size, np.float32))["sizes"]
    return found


def test_a_whole_shape_is_one_operator():
    ops, sizes = run(lambda axes: axes, (2, 3, 4))
    assert (ops, sizes.tolist()) == (["SHAPE"], [2, 3, 4])


def test_neighbouring_axes_are_one_slice():
    ops, sizes = run(lambda axes: [number(7), number(8), *axes[1:], number(9)], (2, 3, 4))
    assert (ops, sizes.tolist()) == (["SHAPE", "STRIDED_SLICE", "CONCATENATION"], [7, 8, 3, 4, 9])


def test_arithmetic():
    def wanted(axes: list[Expression]) -> list[Expression]:
        both = (*axes[0].factors, *axes[2].factors)
        return [Expression(factors=both, scale=3, offset=5, divisor=4)]

    ops, sizes = run(wanted, (2, 3, 5))
    assert ops == ["SHAPE", "STRIDED_SLICE", "STRIDED_SLICE", "MUL", "MUL", "ADD", "FLOOR_DIV"]
    assert sizes.tolist() == [(3 * 2 * 5 + 5) // 4]


def test_other_shapes_and_types():
    _, sizes = run(lambda axes: [axes[1], number(1), axes[0], number(2)], (2, 3), out=(2, 2), dtype=np.int64)
    assert sizes.dtype == np.int64
    assert sizes.tolist() == [[3, 1], [2, 2]]
    _, size = run(lambda axes: [axes[1]], (2, 3), out=(), dtype=np.float32)
    assert size.shape == ()
    assert size == 3.0

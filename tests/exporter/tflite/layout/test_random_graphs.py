"""Random graphs with many equal sizes: the layout pass must never change what a graph computes."""

import numpy as np
import onnx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from tests.exporter.tflite.harness import check, inferred

RNG = np.random.default_rng(7)


class GraphWriter:
    """Grows a random ONNX graph; every value's shape is known."""

    def __init__(self, draw, shape):
        self.draw = draw
        self.nodes, self.constants = [], []
        self.shapes = {"x": shape}

    def emit(self, op, inputs, shape, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        self.shapes[name] = tuple(shape)

    def const(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def step(self):
        name = self.draw(st.sampled_from(list(self.shapes)[-3:]))
        kind = self.draw(st.sampled_from(STEPS))
        getattr(self, kind)(name, self.shapes[name])

    def relu(self, x, shape):
        self.emit("Relu", [x], shape)

    def transpose(self, x, shape):
        perm = self.draw(st.permutations(list(range(len(shape)))))
        self.emit("Transpose", [x], [shape[a] for a in perm], perm=perm)

    def conv(self, x, shape):
        if len(shape) != 4:
            return self.relu(x, shape)
        outputs = self.draw(st.sampled_from([2, 3]))
        w = RNG.standard_normal((outputs, shape[1], 1, 1)).astype(np.float32)
        return self.emit("Conv", [x, self.const(w)], (shape[0], outputs, *shape[2:]))

    def pool(self, x, shape):
        if len(shape) != 4:
            return self.relu(x, shape)
        return self.emit("MaxPool", [x], shape, kernel_shape=[3, 3], pads=[1, 1, 1, 1])

    def add_constant(self, x, shape):
        sizes = [size if self.draw(st.booleans()) else 1 for size in shape]
        drop = self.draw(st.integers(0, len(sizes)))
        array = RNG.standard_normal(sizes[drop:]).astype(np.float32)
        self.emit("Add", [x, self.const(array)], shape)

    def add_same(self, x, shape):
        others = [name for name, other in self.shapes.items() if other == shape]
        self.emit("Sub", [x, self.draw(st.sampled_from(others))], shape)

    def concat(self, x, shape):
        others = [name for name, other in self.shapes.items() if other == shape]
        axis = self.draw(st.integers(0, len(shape) - 1))
        out = list(shape)
        out[axis] *= 2
        if np.prod(out) > 600:
            return self.relu(x, shape)
        return self.emit("Concat", [x, self.draw(st.sampled_from(others))], out, axis=axis)

    def slice(self, x, shape):
        axis = self.draw(st.integers(0, len(shape) - 1))
        out = [1 if a == axis else size for a, size in enumerate(shape)]
        start = self.draw(st.integers(0, shape[axis] - 1))
        parameters = [self.const(np.array([value])) for value in (start, start + 1, axis)]
        self.emit("Slice", [x, *parameters], out)

    def reduce(self, x, shape):
        axis = self.draw(st.integers(0, len(shape) - 1))
        keep = self.draw(st.booleans()) or len(shape) == 1
        out = [1 if a == axis else size for a, size in enumerate(shape) if keep or a != axis]
        self.emit("ReduceMean", [x, self.const(np.array([axis]))], out, keepdims=int(keep))

    def reshape(self, x, shape):
        out = list(shape)
        at = self.draw(st.integers(0, len(out) - 1))
        if len(out) > 1 and self.draw(st.booleans()):
            at = min(at, len(out) - 2)
            out[at : at + 2] = [out[at] * out[at + 1]]
        elif len(out) < 5:
            factor = next((f for f in (2, 3) if out[at] % f == 0), 1)
            out[at : at + 1] = [factor, out[at] // factor]
        self.emit("Reshape", [x, self.const(np.array(out))], out)

    def softmax(self, x, shape):
        self.emit("Softmax", [x], shape, axis=self.draw(st.integers(0, len(shape) - 1)))

    def pad(self, x, shape):
        before = [self.draw(st.integers(0, 1)) for _ in shape]
        if np.prod([size + end for size, end in zip(shape, before, strict=True)]) > 600:
            return self.relu(x, shape)
        widths = self.const(np.array([*before, *[0] * len(shape)]))
        return self.emit("Pad", [x, widths], [size + end for size, end in zip(shape, before, strict=True)])

    def matmul(self, x, shape):
        outputs = self.draw(st.sampled_from([2, 3, 4]))
        w = RNG.standard_normal((shape[-1], outputs)).astype(np.float32)
        self.emit("MatMul", [x, self.const(w)], (*shape[:-1], outputs))

    def gram(self, x, shape):
        if len(shape) < 2:
            return self.relu(x, shape)
        swapped = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
        self.transposed(x, shape, swapped)
        return self.emit("MatMul", [x, f"v{len(self.nodes) - 1}"], (*shape[:-1], shape[-2]))

    def transposed(self, x, shape, perm):
        self.emit("Transpose", [x], [shape[a] for a in perm], perm=perm)

    def halves(self, x, shape):
        axis = self.draw(st.integers(0, len(shape) - 1))
        if shape[axis] % 2:
            return self.relu(x, shape)
        half = [size // 2 if a == axis else size for a, size in enumerate(shape)]
        names = [f"v{len(self.nodes)}", f"w{len(self.nodes)}"]
        self.nodes.append(helper.make_node("Split", [x], names, axis=axis, num_outputs=2))
        self.shapes |= {name: tuple(half) for name in names}
        return self.emit("Concat", names[::-1], shape, axis=axis)

    def gate(self, x, shape):
        self.emit("Sigmoid", [x], shape)
        self.emit("Mul", [x, f"v{len(self.nodes) - 1}"], shape)

    def norm(self, x, shape):
        scale = self.const(RNG.standard_normal(shape[-1]).astype(np.float32))
        self.emit("LayerNormalization", [x, scale], shape, axis=-1, epsilon=0.1)

    def model(self):
        used = {name for node in self.nodes for name in node.input}
        ends = [name for name in self.shapes if name not in used and name != "x"]
        if self.draw(st.booleans()):
            inner = [name for name in self.shapes if name in used and name != "x"]
            ends += inner[:1]
        info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, self.shapes[n]) for n in ["x", *ends]]
        graph = helper.make_graph(self.nodes, "g", info[:1], info[1:], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


STEPS = [name for name, item in vars(GraphWriter).items() if callable(item) and name not in
         ("__init__", "emit", "const", "step", "model", "transposed")]  # fmt: skip


@st.composite
def models(draw):
    shape = tuple(draw(st.sampled_from([(1, 2, 2, 2), (2, 2, 2, 2), (1, 3, 2, 2), (2, 3, 3, 2), (1, 4, 4, 4)])))
    writer = GraphWriter(draw, shape)
    for _ in range(draw(st.integers(2, 12))):
        writer.step()
    return writer.model()


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(models())
def test_layout_never_changes_the_numbers(proto: onnx.ModelProto) -> None:
    shape = [dim.dim_value for dim in proto.graph.input[0].type.tensor_type.shape.dim]
    x = RNG.standard_normal(shape).astype(np.float32)
    check(inferred(proto), {"x": x}, rtol=1e-4, atol=1e-5)

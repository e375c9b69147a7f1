"""Graphs of any number of nodes, to see how the cost of converting grows with them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

KINDS = ("additions", "convolutions", "residual blocks", "reshapes and transposes", "distinct weights", "batch norms")


def chain(size: int, kind: str) -> "onnx.ModelProto":
    """A chain of `size` nodes from x float[1,4,8,8] to an output.

    Args:
        size: the number of nodes.
        kind: one of `KINDS`: additions of a constant; convolution, activation and addition in turn; the same with a
            second path around every convolution; reshapes, transposes and activations; additions of a weight
            each; convolutions each with a batch norm and an activation.
    """
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array((rng.standard_normal((4, 4, 1, 1)) / 4).astype(np.float32), "w"),
        numpy_helper.from_array(rng.standard_normal((4, 1, 1)).astype(np.float32), "c"),
        numpy_helper.from_array(np.ones(4, np.float32), "one"),
        numpy_helper.from_array(np.array([1, 4, 64]), "flat"),
        numpy_helper.from_array(np.array([1, 4, 8, 8]), "image"),
    ]
    if kind == "distinct weights":
        weights += [
            numpy_helper.from_array(rng.standard_normal((4, 1, 1)).astype(np.float32), f"c{k}") for k in range(size)
        ]
    nodes = [_node(k, size, kind) for k in range(size)]
    value = helper.make_tensor_value_info
    ends = [value("v0", TensorProto.FLOAT, [1, 4, 8, 8])], [value(f"v{size}", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "chain", *ends, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return onnx.shape_inference.infer_shapes(model)


def _node(k: int, size: int, kind: str) -> "onnx.NodeProto":
    from onnx import helper

    given, made = f"v{k}", [f"v{k + 1}"]
    if kind == "distinct weights":
        return helper.make_node("Add", [given, f"c{k}"], made)
    if kind == "convolutions":
        return [
            helper.make_node("Conv", [given, "w"], made),
            helper.make_node("Relu", [given], made),
            helper.make_node("Add", [given, "c"], made),
        ][k % 3]
    if kind == "batch norms":
        return [
            helper.make_node("Conv", [given, "w"], made),
            helper.make_node("BatchNormalization", [given, *["one"] * 4], made),
            helper.make_node("Relu", [given], made),
        ][k % 3]
    if kind == "residual blocks":
        return [
            helper.make_node("Conv", [given, "w"], made),
            helper.make_node("Sigmoid", [given], made),
            helper.make_node("Add", [given, f"v{max(k - 2, 0)}"], made),
        ][k % 3]
    if kind == "reshapes and transposes":
        last = [helper.make_node("Relu", [given], made)]
        return [
            helper.make_node("Reshape", [given, "flat"], made),
            helper.make_node("Sigmoid", [given], made),
            helper.make_node("Reshape", [given, "image"], made),
            helper.make_node("Transpose", [given], made, perm=[0, 1, 3, 2]),
            *last,
        ][k % 5]
    return helper.make_node("Add", [given, "c"], made)

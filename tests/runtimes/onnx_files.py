"""Small ONNX files for the tests of the runtimes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def scale_proto(batch: int | str = 2) -> onnx.ModelProto:
    """``y = x * [1, 2, 3]`` on float32[batch, 3]."""
    return proto([helper.make_node("Mul", ["x", "factor"], ["y"])], batch=batch)


def proto(nodes: Sequence[onnx.NodeProto], batch: int | str = 2) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 3])],
        [numpy_helper.from_array(np.array([1, 2, 3], "float32"), "factor")],
    )
    # The newest IR version of onnx is newer than what ONNX Runtime reads.
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])


def save(path: Path, made: onnx.ModelProto) -> Path:
    path.write_bytes(made.SerializeToString())
    return path


def scale_model(path: Path, batch: int | str = 2) -> Path:
    return save(path, scale_proto(batch))


def external(made: onnx.ModelProto, location: str, offset: int = 0, length: int = 12) -> onnx.ModelProto:
    """The same model with its first initializer declared as external data."""
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return made

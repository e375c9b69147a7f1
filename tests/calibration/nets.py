"""Small float networks and data that the tests of calibration share."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

Samples = list[dict[str, NDArray[Any]]]


def conv_net(*, opset: int = 18, seed: int = 0) -> ir.Model:
    """Conv + Relu, depthwise Conv + Clip(0, 6), a residual Add, mean, Gemm: x float[1,3,8,8] -> y float[1,5]."""
    model = ir.from_onnx_text(f"""
<ir_version: 10, opset_import: ["" : {opset}]>
net (float[1,3,8,8] x) => (float[1,5] y)
<float zero = {{0.0}}, float six = {{6.0}}, int64[2] axes = {{2, 3}}>
{{
  a = Conv<pads = [1,1,1,1]>(x, w1, b1)
  r = Relu(a)
  d = Conv<pads = [1,1,1,1], group = 4>(r, w2, b2)
  c = Clip(d, zero, six)
  s = Add(c, r)
  m = ReduceMean<keepdims = 0>(s, axes)
  y = Gemm<transB = 1>(m, w3, b3)
}}
""")
    chance = np.random.default_rng(seed)
    shapes = {"w1": (4, 3, 3, 3), "b1": (4,), "w2": (4, 1, 3, 3), "b2": (4,), "w3": (5, 4), "b3": (5,)}
    return with_weights(model, {name: chance.normal(size=shape) for name, shape in shapes.items()})


def with_weights(model: ir.Model, weights: dict[str, NDArray[Any]]) -> ir.Model:
    """The model with float32 initializers for names that its text left open."""
    for name, array in weights.items():
        tensor = ir.tensor(np.asarray(array, np.float32), name=name)
        readers = [
            (node, i) for node in model.graph for i, v in enumerate(node.inputs) if v is not None and v.name == name
        ]
        value = ir.Value(name=name, shape=ir.Shape(array.shape), type=ir.TensorType(tensor.dtype), const_value=tensor)
        model.graph.register_initializer(value)
        for node, index in readers:
            node.replace_input_with(index, value)
    return model


def save(model: ir.Model, folder: Path, name: str = "net.onnx") -> Path:
    """Write a model."""
    path = folder / name
    ir.save(model, path)
    return path


def images(count: int = 10, shape: tuple[int, ...] = (1, 3, 8, 8), seed: int = 1) -> Samples:
    """Normal samples for an input called x."""
    chance = np.random.default_rng(seed)
    return [{"x": chance.normal(size=shape).astype(np.float32)} for _ in range(count)]

"""A small network of every kind of layer that rounding tells apart, its samples, and samples that no step sees."""

import numpy as np
import onnx_ir as ir

NET = """
<ir_version: 10, opset_import: ["" : 21]>
net (float[1,3,12,12] x) => (float[1,5] y)
{
  [first] a = Conv<pads = [1,1,1,1]>(x, w0, b0)  a1 = Relu(a)
  [deep] b = Conv<group = 8, pads = [1,1,1,1]>(a1, w1, b1)  b1_ = Relu(b)
  [wide] c = Conv(b1_, w2, b2)  c1 = Relu(c)
  p = GlobalAveragePool(c1)  f = Flatten(p)
  [head] y = Gemm<transB = 1>(f, w3, b3)
}
"""
SHAPES = {"w0": (8, 3, 3, 3), "w1": (8, 1, 3, 3), "w2": (16, 8, 1, 1), "w3": (5, 16)}


def network(text=NET, shapes=SHAPES, seed=0):
    chance = np.random.default_rng(seed)
    model = ir.from_onnx_text(text)
    for name, shape in shapes.items():
        spread = np.exp(chance.normal(size=(shape[0],) + (1,) * (len(shape) - 1)))
        weight = chance.normal(size=shape) * spread / np.sqrt(np.prod(shape[1:]))
        arrays = {name: weight, name.replace("w", "b"): chance.normal(size=shape[0]) * 0.2}
        for key, array in arrays.items():
            tensor = ir.tensor(array.astype(np.float32), name=key)
            if key in text:
                model.graph.register_initializer(_value(model, key, tensor))
    return model


def _value(model, name, tensor):
    for node in model.graph:
        for value in node.inputs:
            if value is not None and value.name == name:
                value.const_value, value.shape, value.type = tensor, tensor.shape, ir.TensorType(tensor.dtype)
                return value
    raise KeyError(name)


def samples(count=24, seed=1):
    chance = np.random.default_rng(seed)
    return [{"x": (chance.normal(size=(1, 3, 12, 12)) + 1).astype(np.float32)} for _ in range(count)]


UNSEEN = samples(12, seed=9)

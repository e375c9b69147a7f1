"""Three who share no code agree: ONNX Runtime, Core ML's emulator behind our writer, Apple's own Core AI runtime.

Where the emulator and the Core ML writer made the same mistake, Core AI's kernels would not make it with them.
"""

from collections.abc import Mapping

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.coreai import harness as coreai
from tests.exporter.coreml import harness as coreml
from tests.exporter.tflite.harness import model_of, onnx_outputs

pytestmark = coreai.needs_coreai
RNG = np.random.default_rng(7)


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def agree(model: ir.Model, inputs: Mapping[str, np.ndarray], *, error: float = 1e-5) -> None:
    """All three, to `error` of the largest value."""
    want = onnx_outputs(model, inputs)
    emulated, _ = coreml.run(model, inputs)
    apple = coreai.run(model, inputs)
    for name, array in want.items():
        scale = max(1.0, float(np.abs(array).max()))
        for who, got in (("emulator", emulated[name]), ("Core AI", apple[name])):
            np.testing.assert_allclose(
                got.reshape(array.shape), array, rtol=0, atol=error * scale, err_msg=f"{who}: {name}"
            )


def test_a_convolutional_network() -> None:
    text = """
    <ir_version: 10, opset_import: ["" : 18]>
    net (float[1,3,13,11] x) => (float[1,4,14,12] up, float[1,10] y)
    {
      a = Conv <pads = [1, 0, 2, 1], strides = [2, 1], dilations = [1, 2]> (x, w, wb)
      n = BatchNormalization (a, s, t, m, v)
      r = HardSwish (n)
      d = Conv <group = 8, pads = [1, 1, 1, 1]> (r, dw)
      p = MaxPool <kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1], ceil_mode = 1> (d)
      q = AveragePool <kernel_shape = [2, 3], pads = [1, 1, 0, 1], strides = [1, 1]> (d)
      c = Concat <axis = 1> (d, q)
      u = ConvTranspose <strides = [2, 2], pads = [1, 0, 0, 1], output_padding = [1, 0]> (p, tw)
      e = Slice (u, starts, ends, axes)
      up = Resize <mode = "linear", coordinate_transformation_mode = "half_pixel"> (e, , , sizes)
      g = ReduceMean <keepdims = 0> (c, spatial)
      h = Gemm <transB = 1, alpha = 0.5> (g, gw, gb)
      y = Softmax <axis = -1> (h)
    }
    """
    model = model_of(
        text,
        w=floats(8, 3, 3, 3),
        wb=floats(8),
        s=floats(8),
        t=floats(8),
        m=floats(8),
        v=np.abs(floats(8)) + 0.1,
        dw=floats(8, 1, 3, 3),
        tw=floats(8, 4, 3, 2),
        starts=np.array([1, 0]),
        ends=np.array([2**62, 5]),
        axes=np.array([2, -1]),
        sizes=np.array([1, 4, 14, 12]),
        spatial=np.array([2, 3]),
        gw=floats(10, 16),
        gb=floats(10),
    )
    agree(model, {"x": floats(1, 3, 13, 11)})


def test_an_attention_block() -> None:
    text = """
    <ir_version: 10, opset_import: ["" : 20]>
    net (int64[2,5] ids, bool[2,1,1,5] mask) => (float[2,5,12] y, float[2,12] pooled)
    {
      x = Gather (table, ids)
      n = LayerNormalization <epsilon = 0.001> (x, scale, shift)
      qkv = MatMul (n, wide)
      q0, k0, v0 = Split <axis = -1, num_outputs = 3> (qkv)
      q1 = Reshape (q0, heads)
      k1 = Reshape (k0, heads)
      v1 = Reshape (v0, heads)
      q = Transpose <perm = [0, 2, 1, 3]> (q1)
      k = Transpose <perm = [0, 2, 3, 1]> (k1)
      v = Transpose <perm = [0, 2, 1, 3]> (v1)
      s = MatMul (q, k)
      low = Where (mask, s, never)
      p = Softmax <axis = -1> (low)
      o = MatMul (p, v)
      t = Transpose <perm = [0, 2, 1, 3]> (o)
      f = Reshape (t, flat)
      a = Add (f, x)
      g = Gelu (a)
      y = Add (g, a)
      l = ReduceL2 <keepdims = 0> (y, middle)
      pooled = LogSoftmax <axis = 1> (l)
    }
    """
    model = model_of(
        text,
        table=floats(9, 12),
        scale=floats(12),
        shift=floats(12),
        wide=floats(12, 36),
        heads=np.array([0, 0, 3, 4]),
        flat=np.array([0, 0, -1]),
        never=np.float32(-1e9).reshape(()),
        middle=np.array([1]),
    )
    ids = np.array([[0, 3, 8, 1, 2], [4, 4, 7, 6, 5]])
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], bool).reshape(2, 1, 1, 5)
    agree(model, {"ids": ids, "mask": mask})


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_a_quantised_layer_whose_bias_is_int32(dtype: str) -> None:
    text = """
    <ir_version: 10, opset_import: ["" : 18]>
    net (float[2,3,6,6] x) => (float[2,4,4,4] y)
    {
      xq = QuantizeLinear (x, xs, xz)
      xd = DequantizeLinear (xq, xs, xz)
      wd = DequantizeLinear <axis = 0> (w, ws)
      bd = DequantizeLinear <axis = 0> (b, bs)
      c = Conv (xd, wd, bd)
      r = Relu (c)
      rq = QuantizeLinear (r, ys, yz)
      y = DequantizeLinear (rq, ys, yz)
    }
    """
    scales = np.array([0.02, 0.01, 0.03, 0.015], np.float32)
    model = model_of(
        text,
        xs=np.float32(0.03).reshape(()),
        xz=np.array(3, dtype),
        w=RNG.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8),
        ws=scales,
        b=RNG.integers(-2000, 2000, 4).astype(np.int32),
        bs=scales * np.float32(0.03),
        ys=np.float32(0.05).reshape(()),
        yz=np.array(-100 if dtype == "int8" else 10, dtype),
    )
    # A result at the middle between two steps may fall to either side.
    agree(model, {"x": floats(2, 3, 6, 6)}, error=0.051)

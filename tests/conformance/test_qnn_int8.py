"""QDQ models that `portproof quantize -d qnn-htp` writes are taken whole by Qualcomm's compiler on its emulator.

PORTPROOF_QNN_PYTHON names an interpreter with onnxruntime-qnn 2.7.0.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from portproof.calibration import quantize

pytestmark = pytest.mark.conformance
_CHILD = Path(__file__).with_name("qnn_child.py")
CHANCE = np.random.default_rng(0)


def _numbers(count: int, scale: float = 0.3) -> str:
    return ", ".join(f"{value:.4f}" for value in CHANCE.normal(size=count) * scale)


CNN = f"""
<ir_version: 10, opset_import: ["" : 21]>
cnn (float[1,3,16,16] x) => (float[1,10] y)
<float[16,3,3,3] w = {{{_numbers(432)}}}, float[16] b = {{{_numbers(16)}}}, float[16,1,3,3] d = {{{_numbers(144)}}},
 float zero = {{0}}, float six = {{6}}, int64[2] axes = {{2, 3}}, float[16,10] v = {{{_numbers(160)}}}>
{{
  c = Conv<pads = [1, 1, 1, 1]>(x, w, b)  r = Clip(c, zero, six)
  e = Conv<pads = [1, 1, 1, 1], group = 16>(r, d, b)  s = Add(e, r)
  m = ReduceMean<keepdims = 0>(s, axes)  y = MatMul(m, v)
}}
"""
BLOCK = f"""
<ir_version: 10, opset_import: ["" : 21]>
block (float[1,8,32] x) => (float[1,8,32] y)
<float[32] g = {{{", ".join(["1"] * 32)}}}, float[32] z = {{{", ".join(["0"] * 32)}}},
 float[32,32] a = {{{_numbers(1024, 0.1)}}}, float[32,32] b = {{{_numbers(1024, 0.1)}}}>
{{
  n = LayerNormalization<axis = -1>(x, g, z)  q = MatMul(n, a)  k = MatMul(n, b)
  t = Transpose<perm = [0, 2, 1]>(k)  p = MatMul(q, t)  s = Softmax<axis = -1>(p)  o = MatMul(s, n)  y = Add(o, x)
}}
"""


@pytest.mark.parametrize(("text", "shape"), [(CNN, (1, 3, 16, 16)), (BLOCK, (1, 8, 32))], ids=["cnn", "block"])
def test_models_for_qnn_are_taken_whole(text: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    python = os.environ.get("PORTPROOF_QNN_PYTHON", "")
    if not Path(python).is_file():
        pytest.skip("set PORTPROOF_QNN_PYTHON to an interpreter with onnxruntime-qnn 2.7.0")
    ir.save(ir.from_onnx_text(text), tmp_path / "net.onnx")
    samples = [{"x": CHANCE.normal(size=shape).astype(np.float32)} for _ in range(32)]
    found = quantize(tmp_path / "net.onnx", tmp_path / "q.onnx", samples, recipe="fast", device="qnn-htp")
    kinds = {value.dtype.name for name, value in ir.load(found.path).graph.initializers.items() if "zero_point" in name}
    assert "UINT8" in kinds
    words = [python, str(_CHILD), "73", "43", str(found.path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=True)
    placed = next(iter(json.loads(done.stdout.strip().splitlines()[-1]).values()))
    assert isinstance(placed, dict), placed
    assert set(placed) == {"QNN"}, placed

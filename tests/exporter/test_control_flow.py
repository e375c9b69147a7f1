"""Control flow through the whole pipeline, proven on the way; from torch in the conformance tests."""

from pathlib import Path

import numpy as np
import onnx
from tests.exporter.tflite.ops.control_support import HEAD

from portproof.exporter import export
from portproof.exporter.inspection import inspect

ONNX = """g (float[2,3] x, bool k) => (float[6,3] y) { e = SequenceEmpty()
    s, z = Loop(n, yes, e, x) <body = b (int64 i, bool c, seq(float[2,3]) t, float[2,3] u)
        => (bool d, seq(float[2,3]) v, float[2,3] w) { d = Identity(c)
        w = If(k) <then_branch = p () => (float[2,3] q) { q = Mul(u, half) },
            else_branch = o () => (float[2,3] r) { r = Add(u, x) }>
        v = SequenceInsert(t, w) }>
    y = ConcatFromSequence<axis=0>(s) }"""


def operators(folder: Path) -> set[str]:
    (file,) = folder.glob("*.tflite")
    return set(inspect(file).operators)


def test_from_onnx(tmp_path: Path) -> None:
    proto = onnx.parser.parse_model(HEAD.format(opset=18) + ONNX)
    for name, array in {"n": 3, "yes": True, "half": 0.5}.items():
        dtype = {int: "int64", bool: "bool", float: "float32"}[type(array)]
        proto.graph.initializer.append(onnx.numpy_helper.from_array(np.array(array, dtype), name))
    onnx.save(proto, tmp_path / "flow.onnx")
    result = export(str(tmp_path / "flow.onnx"), out_dir=tmp_path / "out", targets=["tflite"])
    assert result.exit_status == 0, [message.what for message in result.failed]
    found = operators(tmp_path / "out")
    assert "IF" in found
    assert "WHILE" not in found

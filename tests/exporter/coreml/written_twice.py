"""Writes packages of one model into a folder: what `test_determinism` runs in processes of their own."""

import sys
from pathlib import Path

import numpy as np
import onnx_ir as ir
from tests.exporter.tflite.harness import model_of

from portproof.exporter.coreml.conversion import write_model
from portproof.exporter.coreml.weights.formats import parse
from portproof.exporter.images import ImageInput
from portproof.exporter.labels import LabelFile, OutputLabels
from portproof.runtimes.images import Preprocessing

RNG = np.random.default_rng(0)


def model() -> ir.Model:
    """Branches, shared constants, transposes that meet, two inputs and four outputs, an If."""
    weights = {
        "w": RNG.standard_normal((32, 3, 3, 3)),
        "v": RNG.standard_normal((64, 32, 3, 3)),
        "s": RNG.standard_normal((1, 32, 1, 1)),
        "m": RNG.standard_normal((64, 64)),
        "k": RNG.standard_normal((64, 10)),
    }
    return model_of(
        '<ir_version: 10, opset_import: ["" : 23]>'
        " g (float[1,3,16,16] photo, bool switch) => (float[1,10] scores, float[1,32,16,16] a, float[1,64,64] t,"
        " float[1,64,64] u) {"
        " c = Conv<pads=[1,1,1,1]>(photo, w) r = Relu(c) a = Mul(r, s) q = Sigmoid(r) b = Add(a, q)"
        " d = Conv<pads=[1,1,1,1], strides=[2,2]>(b, v) e = Tanh(d) f = Abs(d) g1 = Add(e, f)"
        " h = Reshape(g1, shape) i = Transpose<perm=[0,2,1]>(h) j = MatMul(i, m) n = MatMul(i, m)"
        " t = Transpose<perm=[0,2,1]>(j) o = Exp(n) u = Add(o, j)"
        " y = If (switch) <then_branch = th () => (p) { p = Mul(u, t) }, else_branch = el () => (z) { z = Sub(u, t) }>"
        " first, rest = Split<axis=1>(y, sizes) z1 = Squeeze(first, one) l = MatMul(z1, k) scores = Sigmoid(l) }",
        shape=np.array([1, 64, 64]),
        sizes=np.array([1, 63]),
        one=np.array([1]),
        **{name: array.astype(np.float32) * 0.1 for name, array in weights.items()},
    )


def scramble(factor: int) -> None:
    """coremltools keeps sets of its own objects, which lie in the order of their addresses: put them in another."""
    from coremltools.converters.mil.mil import Block, Operation, Var

    def hashed(self: object) -> int:
        return (id(self) >> 4) * (2 * factor + 1) * 0x9E3779B97F4A7C15 % 2**59

    for kind in (Block, Operation, Var):
        kind.__hash__ = hashed


def main(folder: Path) -> None:
    """One package for each way of writing."""
    preprocessing = Preprocessing(size=(16, 16), resize=(16, 16), mean=(0.4, 0.5, 0.6), std=(0.2,), input="photo")
    file = LabelFile(text="", output="scores", file="l.txt", names=tuple("abcdefghij"))
    marked = {
        "images": [ImageInput(signature="", preprocessing=preprocessing)],
        "labels": [OutputLabels(signature="", output="scores", axis=1, labels=file)],
    }
    write_model(model(), folder / "float32.mlpackage", float16=False)
    write_model(model(), folder / "marked.mlpackage", **marked)
    for form, target in (("int8", "iOS16"), ("palette4:group=8", "iOS18"), ("sparse:target=0.5", "iOS17")):
        name = form.partition(":")[0]
        write_model(model(), folder / f"{name}.mlpackage", target=target, weights=parse(form))


if __name__ == "__main__":
    scramble(int(sys.argv[2]))
    main(Path(sys.argv[1]))

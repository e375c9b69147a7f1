import numpy as np
import onnx_ir as ir
from tests.exporter.tflite.harness import tflite_outputs

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.division import divide_int64
from portproof.exporter.tflite.values import DOMAIN
from portproof.exporter.tflite.writer.model import write

LAST = 2**63 - 1
PAIRS = [
    (LAST, 1),
    (-LAST - 1, 1),
    (LAST, -1),
    (-LAST - 1, 2),
    (LAST, LAST),
    (LAST, 3),
    (-7, 2),
    (7, -2),
    (0, 5),
    (6, 3),
]


def numbers(count: int, seed: int) -> list[int]:
    """Of all magnitudes and both signs."""
    rng = np.random.default_rng(seed)
    found = rng.integers(1, LAST, count) >> rng.integers(0, 62, count)
    return [
        int(number) * int(sign) for number, sign in zip(np.maximum(found, 1), rng.choice([-1, 1], count), strict=True)
    ]


def test_every_quotient_is_exact() -> None:
    pairs = [*PAIRS, *zip(numbers(20000, 0), numbers(20000, 1), strict=True)]
    x, y = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    inputs = [ir.Value(name=n, shape=ir.Shape(x.shape), type=ir.TensorType(ir.DataType.INT64)) for n in "ab"]
    b = Builder(23)
    result = divide_int64(b, *inputs)
    result.name = "q"
    model = ir.Model(ir.Graph(inputs, [result], nodes=b.nodes, opset_imports={DOMAIN: 1}, name="g"), ir_version=10)
    want = [abs(p) // abs(q) * (1 if (p < 0) == (q < 0) else -1) for p, q in pairs]
    for reference in (False, True):
        got = tflite_outputs(write(model), {"a": x, "b": y}, reference=reference)["q"]
        assert got.tolist() == want

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import tflite_outputs

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.doubles import calc_doubles, compare_doubles
from portproof.exporter.tflite.values import DOMAIN
from portproof.exporter.tflite.writer.model import write

RNG = np.random.default_rng(0)
NUMBERS = np.concatenate([RNG.integers(0, 2**64 - 1, 3000, dtype=np.uint64).view(np.float64), [0.0, -0.0, np.nan, 1]])
"""Any bits at all."""
FUNCTIONS = {"ADD": np.add, "SUB": np.subtract, "MUL": np.multiply, "MAXIMUM": np.maximum, "MINIMUM": np.minimum}
COMPARISONS = {"EQUAL": np.equal, "LESS": np.less, "GREATER_EQUAL": np.greater_equal}


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("op", [*FUNCTIONS, *COMPARISONS])
def test_any_bits(op: str, reference: bool) -> None:
    x, y = NUMBERS, np.roll(NUMBERS, 1)
    if op in FUNCTIONS:
        x, y = (np.nan_to_num(number, nan=2, posinf=3, neginf=4) for number in (x, y))
    kind = ir.TensorType(ir.DataType.DOUBLE)
    inputs = [ir.Value(name=name, shape=ir.Shape(x.shape), type=kind) for name in "ab"]
    b = Builder(23)
    result = (calc_doubles if op in FUNCTIONS else compare_doubles)(b, op, *inputs)
    result.name = "y"
    model = ir.Model(ir.Graph(inputs, [result], nodes=b.nodes, opset_imports={DOMAIN: 1}, name="g"), ir_version=10)
    got = tflite_outputs(write(model), {"a": x, "b": y}, reference=reference)["y"]
    with np.errstate(all="ignore"):
        want = {**FUNCTIONS, **COMPARISONS}[op](x, y)
    assert np.array_equal(got, want)

"""float64 exactly: sums, products and extremes by the kernels that StableHLO's operators have, comparisons by bits.

The StableHLO kernels do not broadcast; BROADCAST_TO does, in float64 too. What is left is computed in float32.
"""

import numpy as np
import onnx_ir as ir

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.arithmetic import align, binary
from portproof.exporter.tflite.make.known import calc, choose
from portproof.exporter.tflite.make.movement import broadcast_to
from portproof.exporter.tflite.make.unsigned import same_bits

EXACT = {
    "ADD": "STABLEHLO_ADD",
    "MUL": "STABLEHLO_MULTIPLY",
    "MAXIMUM": "STABLEHLO_MAXIMUM",
    "MINIMUM": "STABLEHLO_MINIMUM",
}
_INFINITY = int(np.array(np.inf).view(np.int64))
_FIRST_BIT = np.iinfo(np.int64).min


def calc_doubles(b: Builder, op: str, x: ir.Value, y: ir.Value) -> ir.Value:
    """ADD, SUB, MUL, MAXIMUM or MINIMUM of two float64 tensors, with broadcasting."""
    if op == "SUB":
        return calc_doubles(b, "ADD", x, calc_doubles(b, "MUL", y, b.const(-1.0, np.float64)))
    shape, operands = align(b, [x, y])
    full = [broadcast_to(b, value, shape) for value in operands]
    return b.emit(EXACT[op], full, shape=shape, dtype=np.float64)


def compare_doubles(b: Builder, op: str, x: ir.Value, y: ir.Value) -> ir.Value:
    """EQUAL, LESS and so on of two float64 tensors, with broadcasting; false where one is NaN."""
    left, right = (_in_order(b, value) for value in (x, y))
    found = binary(b, op, left, right)
    for value in (left, right):
        within = calc(b, "LESS_EQUAL", calc(b, "MAXIMUM", value, calc(b, "NEG", value)), _INFINITY)
        found = binary(b, "LOGICAL_AND", found, within)
    return found


def _in_order(b: Builder, x: ir.Value) -> ir.Value:
    """int64 in the order of the float64: magnitudes, negative ones with the sign of an integer. Both zeros are 0."""
    bits = same_bits(b, x, "int64")
    return choose(b, calc(b, "LESS", bits, 0), calc(b, "SUB", b.const(_FIRST_BIT, np.int64), bits), bits)

"""How far apart the scales of an operator may be: beyond that kernels refuse a whole file, or give wrong numbers.

The bounds are those that XNNPACK's operators check when they are created (`src/operators`); the fixed-point multipliers
of the built-in kernels stay right within them.
"""

from collections.abc import Mapping

import onnx_ir as ir

from portproof.exporter.tflite.integer.record import Quantization, quantization_of

_EACH = {"ADD": (2.0**-10, 2.0**8), "SUB": (2.0**-10, 2.0**8), "LEAKY_RELU": (2.0**-8, 2.0**7)}
"""Of each operand's scale to the result's."""
_EACH |= dict.fromkeys(("RELU", "RELU6", "RELU_N1_TO_1"), _EACH["ADD"])
_EACH |= dict.fromkeys(("MEAN", "SUM"), (2.0**-24, 2.0**8))
_PRODUCT = {"MUL": (2.0**-16, 2.0**8)}
"""Of the product of both operands' scales to the result's."""
LARGEST_PRODUCT = 256.0
"""Of the input's and the weights' scales to the result's, in convolutions and matrix products."""
_WHY = "its scales are too far apart for its kernel"


def too_far_apart(op: str, operands: Mapping[int, ir.Value], result: Quantization) -> str:
    """Why the scales of `operands` and of the result do not do for `op`; empty where they do."""
    scales = [found.scale for value in operands.values() if (found := quantization_of(value)) is not None]
    ratios = [scale / result.scale for scale in scales]
    if op in _PRODUCT and len(scales) > 1:
        return _outside([scales[0] * scales[1] / result.scale], *_PRODUCT[op])
    return _outside(ratios, *_EACH[op]) if op in _EACH else ""


def product_too_large(largest: float) -> str:
    """Why a layer whose input's and weights' scales are up to `largest` times the result's has no kernel."""
    return _outside([largest], 0.0, LARGEST_PRODUCT)


def _outside(ratios: list[float], low: float, high: float) -> str:
    return _WHY if any(not low <= ratio < high for ratio in ratios) else ""

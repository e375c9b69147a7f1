"""Operators that compute each element from those at the same place: any layout, the same for all tensors."""

import onnx_ir as ir

from portproof.exporter.tflite.layout.config import Config, Port, layout_rule
from portproof.exporter.tflite.layout.perms import Perm
from portproof.exporter.tflite.values import rank_of

_UNARY = """ABS BITCAST CAST CEIL COS DEQUANTIZE ELU EXP FLOOR GELU HARD_SWISH LEAKY_RELU LOG LOGICAL_NOT LOGISTIC
    NEG QUANTIZE RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 ROUND RSQRT SIGN SIN SQRT SQUARE TANH ZEROS_LIKE"""
_MANY = """ADD SUB MUL DIV MAXIMUM MINIMUM POW SQUARED_DIFFERENCE FLOOR_DIV FLOOR_MOD ADD_N ATAN2 PRELU SELECT SELECT_V2
    EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL LOGICAL_AND LOGICAL_OR BITWISE_XOR RIGHT_SHIFT"""


@layout_rule(*_UNARY.split(), *_MANY.split())
class Elementwise:
    """Operands have the rank of the output, or none at all (scalars)."""

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """The same permutation everywhere."""
        rank = rank_of(node.outputs[0])
        inputs: list[Perm | None] = []
        for value in node.inputs:
            size = rank_of(value) if value is not None else 0
            if size not in (0, rank):
                return None
            inputs.append(perm if size else ())
        return Config(tuple(inputs), (perm,)) if len(perm) == rank else None

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """Nothing depends on the layout."""

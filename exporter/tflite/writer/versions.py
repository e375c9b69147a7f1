"""The version of each operator: the oldest that has the type, rank and options used.

A runtime refuses a file whose operator versions it does not have, so the lowest right number runs on the oldest
phones. The facts are those of TensorFlow's `lite/tools/versioning/op_version.cc` (October 2025); those that say more
about quantized forms are in `versions_quantized`.
"""

from collections.abc import Callable

import onnx_ir as ir

from portproof.exporter.tflite.values import attribute, dtype_of, name_of, rank_of, shape_of
from portproof.exporter.tflite.writer.versions_quantized import quantized_version

_BY_TYPE: dict[str, dict[str, int]] = {
    "ABS": {"int32": 5, "int16": 4},
    "ADD": {"float16": 6, "int16": 5, "int64": 4, "int8": 2},
    "ARG_MAX": {"bool": 3, "int8": 2},
    "ARG_MIN": {"bool": 3, "int8": 2},
    "AVERAGE_POOL_2D": {"int16": 3, "int8": 2},
    "BATCH_MATMUL": {"int16": 3, "int8": 2},
    "BATCH_TO_SPACE_ND": {"int16": 4, "int8": 2},
    "CONCATENATION": {"uint32": 4, "int16": 3, "int8": 2},
    "DEPTH_TO_SPACE": {"int8": 2},
    "DEQUANTIZE": {"int16": 3, "float16": 3, "int8": 2},
    "EQUAL": {"int16": 5, "int8": 2},
    "EXP": {"int8": 2, "int16": 2},
    "FLOOR_DIV": {"int16": 3, "int8": 3, "float32": 2},
    "FLOOR_MOD": {"int16": 2, "int8": 2},
    "GATHER": {"int16": 4, "bool": 3, "int8": 2},
    "GATHER_ND": {"bool": 5, "int16": 3},
    "GREATER": {"int8": 2},
    "GREATER_EQUAL": {"int16": 3, "int8": 2},
    "LEAKY_RELU": {"int16": 2},
    "LESS": {"int16": 3, "int8": 2},
    "LESS_EQUAL": {"int8": 2},
    "LOG": {"int8": 2, "int16": 2},
    "LOGISTIC": {"int16": 3, "int8": 2},
    "LOG_SOFTMAX": {"int8": 2},
    "MAXIMUM": {"int16": 4, "int8": 2},
    "MAX_POOL_2D": {"int16": 3, "int8": 2},
    "MEAN": {"int16": 3, "int8": 2},
    "MINIMUM": {"int16": 4, "int8": 2},
    "MIRROR_PAD": {"int16": 3, "int8": 2},
    "MUL": {"float16": 8, "uint32": 7, "int16": 7, "complex64": 6, "int64": 5, "int8": 2},
    "NOT_EQUAL": {"int16": 4, "int8": 2},
    "PACK": {"int8": 2, "int16": 3, "uint32": 4},
    "PAD": {"bool": 5, "int16": 3, "int8": 2},
    "PADV2": {"bool": 5, "int16": 3, "int8": 2},
    "RANGE": {"int64": 2},
    "REDUCE_MAX": {"int16": 3, "int8": 2},
    "REDUCE_MIN": {"int16": 3, "int8": 2},
    "REDUCE_PROD": {"int8": 2, "int16": 2},
    "RELU": {"int16": 3, "int8": 2, "uint8": 2},
    "RELU6": {"int16": 3, "int8": 2},
    "RESIZE_BILINEAR": {"int16": 4, "int8": 2},
    "RESIZE_NEAREST_NEIGHBOR": {"int16": 4, "int8": 2},
    "REVERSE_V2": {"int8": 3, "bool": 2},
    "RSQRT": {"int16": 3, "int8": 2},
    "SELECT_V2": {"uint32": 2},
    "SIGN": {"int32": 2},
    "SLICE": {"uint32": 6, "int16": 4, "int8": 2},
    "SOFTMAX": {"int16": 3, "int8": 2},
    "SPACE_TO_BATCH_ND": {"int16": 4, "int8": 2},
    "SPACE_TO_DEPTH": {"int8": 2},
    "SPLIT_V": {"int8": 2},
    "SQRT": {"int8": 2, "int16": 2},
    "SQUARED_DIFFERENCE": {"int8": 2},
    "STRIDED_SLICE": {"uint32": 7, "bool": 3, "int8": 2},
    "SUB": {"int16": 5, "int64": 4, "int8": 2},
    "SUM": {"int8": 2},
    "TANH": {"int16": 3, "int8": 2},
    "TILE": {"int8": 3},
    "TOPK_V2": {"int16": 3, "int8": 2},
    "TRANSPOSE": {"int16": 5, "bool": 3, "int8": 2},
    "UNPACK": {"int8": 2, "uint8": 2, "bool": 3, "int16": 4, "float16": 5},
}
"""Versions by the element type of the first input; what is missing is version 1."""

_SPLIT_TYPES = {"int16": 4, "int32": 3, "int8": 2}
_CAST_TYPES = (("float64", 5), ("float16", 5), ("uint16", 4), ("int8", 3), ("uint32", 2))


def operator_version(node: ir.Node) -> int:
    """The version to write for a `tfl` node."""
    quantized = quantized_version(node)
    if quantized is not None:
        return quantized
    rule = _RULES.get(node.op_type)
    return max(_type_version(node), rule(node) if rule else 1)


def _type_version(node: ir.Node) -> int:
    table = _BY_TYPE.get(node.op_type, {})
    first = node.inputs[0] if node.inputs else None
    return table.get(name_of(dtype_of(first)), 1) if table and first is not None else 1


def _rank(node: ir.Node) -> int:
    return rank_of(_input(node, 0))


def _input(node: ir.Node, index: int) -> ir.Value:
    value = node.inputs[index]
    if value is None:
        raise KeyError(f"{node.op_type} lacks input {index}")
    return value


def _broadcast_above(version: int) -> Callable[[ir.Node], int]:
    """`version` where two inputs of different shapes have more than four dimensions."""

    def rule(node: ir.Node) -> int:
        shapes = [shape_of(value) for value in node.inputs if value is not None]
        return version if len(set(shapes)) > 1 and max(map(len, shapes)) > 4 else 1

    return rule


def _rank_steps(*steps: tuple[int, int]) -> Callable[[ir.Node], int]:
    """The version of the highest rank reached: pairs of (more dimensions than, version)."""

    def rule(node: ir.Node) -> int:
        return max([version for rank, version in steps if _rank(node) > rank], default=1)

    return rule


def _conv_2d(node: ir.Node) -> int:
    grouped = shape_of(_input(node, 0))[3] != shape_of(_input(node, 1))[3]
    return 6 if grouped else 1


def _depthwise(node: ir.Node) -> int:
    dilated = attribute(node, "dilation_w_factor", 1) != 1 or attribute(node, "dilation_h_factor", 1) != 1
    return 2 if dilated else 1


def _fully_connected(node: ir.Node) -> int:
    if len(node.inputs) == 2:
        return 6
    return 5 if attribute(node, "keep_num_dims") else 1


def _transpose_conv(node: ir.Node) -> int:
    if attribute(node, "fused_activation_function", "NONE") != "NONE":
        return 4
    return 3 if len(node.inputs) == 4 else 1


def _resize(node: ir.Node) -> int:
    nearest_corners = node.op_type == "RESIZE_NEAREST_NEIGHBOR" and attribute(node, "align_corners")
    return 3 if attribute(node, "half_pixel_centers") or nearest_corners else 1


def _cast(node: ir.Node) -> int:
    types = {dtype_of(_input(node, 0)).name, dtype_of(node.outputs[0]).name}
    return max([version for name, version in _CAST_TYPES if name in types], default=1)


def _gather(node: ir.Node) -> int:
    if dtype_of(_input(node, 1)).name == "int16":
        return 6
    return 5 if attribute(node, "batch_dims") else 1


def _fill(node: ir.Node) -> int:
    return {"float16": 4, "int8": 3, "int16": 3, "bool": 2}.get(dtype_of(_input(node, 1)).name, 1)


def _not_rank_4(node: ir.Node) -> int:
    return 1 if _rank(node) == 4 else 3


_RULES: dict[str, Callable[[ir.Node], int]] = {
    "BATCH_TO_SPACE_ND": _not_rank_4,
    "BROADCAST_TO": lambda node: 3 if dtype_of(_input(node, 0)).name in ("int8", "int16") else 2,
    "CAST": _cast,
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DIV": _broadcast_above(2),
    "FILL": _fill,
    "FULLY_CONNECTED": _fully_connected,
    "GATHER": _gather,
    "MAXIMUM": _broadcast_above(3),
    "MINIMUM": _broadcast_above(3),
    "PAD": _rank_steps((4, 4)),
    "PADV2": _rank_steps((4, 4)),
    "RESIZE_BILINEAR": _resize,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    "SLICE": _rank_steps((4, 5)),
    "SPACE_TO_BATCH_ND": _not_rank_4,
    "SPLIT": lambda node: _SPLIT_TYPES.get(dtype_of(_input(node, 1)).name, 1),
    "STRIDED_SLICE": _rank_steps((4, 4)),
    "SUB": _broadcast_above(3),
    "TRANSPOSE": _rank_steps((4, 4), (5, 6), (6, 8)),
    "TRANSPOSE_CONV": _transpose_conv,
    "WHERE": lambda node: 1 if dtype_of(_input(node, 0)).name == "bool" else 2,
}

"""The versions of operators that depend on what integers stand for: on scales, and on int8 weights beside floats.

Facts: TensorFlow's `lite/tools/versioning/op_version.cc` (March 2026).
"""

from collections.abc import Callable

import onnx_ir as ir

from portproof.exporter.tflite.integer.record import quantization_of
from portproof.exporter.tflite.values import attribute, dtype_of, name_of, shape_of


def quantized_version(node: ir.Node) -> int | None:
    """The version of a `tfl` node with quantized tensors; None for those that element types and options decide."""
    rule = _RULES.get(node.op_type)
    tensors = [value for value in (*node.inputs, *node.outputs) if quantization_of(value) is not None]
    return rule(node) if rule and tensors else None


def _types(node: ir.Node) -> tuple[str, str]:
    """Of the data and of the weights, which are the first two inputs."""
    return name_of(dtype_of(_input(node, 0))), name_of(dtype_of(_input(node, 1)))


def _input(node: ir.Node, index: int) -> ir.Value:
    value = node.inputs[index]
    if value is None:
        raise KeyError(f"{node.op_type} lacks input {index}")
    return value


def _per_channel(value: ir.Value) -> bool:
    found = quantization_of(value)
    return found is not None and len(found.scales) > 1


def _conv_2d(node: ir.Node) -> int:
    grouped = 6 if shape_of(_input(node, 0))[3] != shape_of(_input(node, 1))[3] else 1
    if _types(node) == ("float32", "int8"):
        return max(grouped, 5 if _per_channel(_input(node, 1)) else 2)
    return max(grouped, {"int16": 4, "int8": 3}.get(_types(node)[0], 1))


def _depthwise(node: ir.Node) -> int:
    if _types(node) == ("float32", "int8"):
        return 6 if _per_channel(_input(node, 1)) else 4
    dilated = attribute(node, "dilation_w_factor", 1) != 1 or attribute(node, "dilation_h_factor", 1) != 1
    return {"int16": 5, "int8": 3}.get(_types(node)[0], 2 if dilated else 1)


def _fully_connected(node: ir.Node) -> int:
    """Several scales need 12, also between integers.

    There op_version.cc asks for less, but a runtime that does not know 12 multiplies by the first scale alone, and
    says nothing.
    """
    if _per_channel(_input(node, 1)):
        return 12
    if _types(node) == ("float32", "int8"):
        return 9
    if _types(node)[0] == "int16":
        return 7
    if len(node.inputs) == 2:
        return 6
    return 5 if attribute(node, "keep_num_dims") else 4


def _transpose_conv(node: ir.Node) -> int:
    if attribute(node, "fused_activation_function", "NONE") != "NONE":
        return 4
    return 3 if len(node.inputs) == 4 else 2


def _mul(node: ir.Node) -> int:
    kind = dtype_of(_input(node, 0)).name
    if kind == "int16":
        return 4
    first, second, result = (quantization_of(value) for value in (*node.inputs, *node.outputs))
    if first and second and result and first.scale * second.scale / result.scale >= 1:
        return 3
    return 2


def _widened(node: ir.Node) -> int:
    """A DEQUANTIZE."""
    kind = dtype_of(_input(node, 0)).name
    return 5 if _per_channel(_input(node, 0)) else {"int16": 3, "int8": 2}.get(kind, 1)


def _by_type(int8: int, int16: int) -> Callable[[ir.Node], int]:
    return lambda node: {"int8": int8, "int16": int16}.get(dtype_of(_input(node, 0)).name, 1)


_RULES: dict[str, Callable[[ir.Node], int]] = {
    "ABS": _by_type(2, 3),
    "ADD": _by_type(2, 3),
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DEQUANTIZE": _widened,
    "FULLY_CONNECTED": _fully_connected,
    "GELU": _by_type(2, 1),
    "MUL": _mul,
    "QUANTIZE": lambda node: 2 if dtype_of(node.outputs[0]).name == "int16" else 1,
    "TRANSPOSE_CONV": _transpose_conv,
}

"""The options table of each operator, filled from the attributes of a `tfl` node."""

import functools
from collections.abc import Callable
from typing import Any

import onnx_ir as ir

from portproof.runtimes.tflite_schema import schema

ENUMS = {
    "padding": "Padding",
    "fused_activation_function": "ActivationFunctionType",
    "mode": "MirrorPadMode",
    "in_data_type": "TensorType",
    "out_data_type": "TensorType",
    "out_type": "TensorType",
    "idx_out_type": "TensorType",
    "output_type": "TensorType",
    "weights_format": "FullyConnectedOptionsWeightsFormat",
}
"""Attributes whose value is the name of a member of an enumeration in the schema."""

# Operators whose options table is not the operator's name in camel case plus "Options".
_SPECIAL = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "CONV_3D": "Conv3DOptions",
    "CONV_3D_TRANSPOSE": "Conv3DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "PADV2": "PadV2Options",
    "L2_NORMALIZATION": "L2NormOptions",
    "LOCAL_RESPONSE_NORMALIZATION": "LocalResponseNormalizationOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
    "REDUCE_ANY": "ReducerOptions",
    "REDUCE_ALL": "ReducerOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "TOPK_V2": "TopKV2Options",
    "BATCH_MATMUL": "BatchMatMulOptions",
    "RFFT2D": "Rfft2dOptions",
    "SELECT_V2": "SelectV2Options",
    "ATAN2": "ATan2Options",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNNOptions",
    "RNN": "RNNOptions",
    "LSTM": "LSTMOptions",
    "SVDF": "SVDFOptions",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions",
    "BIDIRECTIONAL_SEQUENCE_LSTM": "BidirectionalSequenceLSTMOptions",
    "BIDIRECTIONAL_SEQUENCE_RNN": "BidirectionalSequenceRNNOptions",
    "BATCH_TO_SPACE_ND": "BatchToSpaceNDOptions",
    "SPACE_TO_BATCH_ND": "SpaceToBatchNDOptions",
    "RANDOM_STANDARD_NORMAL": "RandomOptions",
    "RANDOM_UNIFORM": "RandomOptions",
}
_IN_OPTIONS_2 = ("StableHLO", "Dilate", "ReduceWindow")


@functools.cache
def options_class(op: str) -> str | None:
    """The name of the options table of a builtin operator, or None when it has none."""
    name = _SPECIAL.get(op)
    if name is None:
        name = "".join(part.capitalize() for part in op.split("_")) + "Options"
    return name if name and hasattr(schema, name + "T") else None


def fill(node: ir.Node, operator: Any, number_of: Callable[[ir.Graph], int]) -> None:
    """Sets the options of `operator` (an `OperatorT`) from the attributes of `node`.

    An attribute that is a graph, such as `body`, is written as the number of its subgraph, `body_subgraph_index`.

    Args:
        node: of the `tfl` dialect.
        operator: what to fill.
        number_of: the number of the subgraph for a graph.

    Raises:
        KeyError: an attribute is not a field of the options table; a defect of the handler.
    """
    name = options_class(node.op_type)
    if name is None:
        if node.attributes:
            raise KeyError(f"{node.op_type} has no options table but attributes {sorted(node.attributes)}")
        return
    table = getattr(schema, name + "T")()
    fields = {_snake(field): field for field in vars(table)}
    for key, attribute in node.attributes.items():
        value = attribute.value
        if isinstance(value, ir.Graph):
            key, value = f"{key}_subgraph_index", number_of(value)  # noqa: PLW2901 (the field's name)
        if key not in fields:
            raise KeyError(f"{name} has no field {key}")
        setattr(table, fields[key], _field_value(key, value))
    if name.startswith(_IN_OPTIONS_2):
        operator.builtinOptions2Type = getattr(schema.BuiltinOptions2, name)
        operator.builtinOptions2 = table
    else:
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        operator.builtinOptions = table


def _field_value(key: str, value: Any) -> Any:
    if key in ENUMS and isinstance(value, str):
        return getattr(getattr(schema, ENUMS[key]), value)
    return list(value) if isinstance(value, tuple) else value


def _snake(field: str) -> str:
    """strideW -> stride_w, fusedActivationFunction -> fused_activation_function."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in field)

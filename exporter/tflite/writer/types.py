"""Element types of ONNX and TFLite."""

import onnx_ir as ir

from portproof.runtimes.tflite_schema import schema

_PAIRS = {
    ir.DataType.FLOAT: "FLOAT32",
    ir.DataType.FLOAT16: "FLOAT16",
    ir.DataType.DOUBLE: "FLOAT64",
    ir.DataType.INT8: "INT8",
    ir.DataType.INT16: "INT16",
    ir.DataType.INT32: "INT32",
    ir.DataType.INT64: "INT64",
    ir.DataType.UINT8: "UINT8",
    ir.DataType.UINT16: "UINT16",
    ir.DataType.UINT32: "UINT32",
    ir.DataType.UINT64: "UINT64",
    ir.DataType.BOOL: "BOOL",
    ir.DataType.STRING: "STRING",
    ir.DataType.COMPLEX64: "COMPLEX64",
}


def tensor_type(data_type: ir.DataType | None) -> int:
    """The number of TFLite's `TensorType` for an ONNX element type.

    Raises:
        KeyError: TFLite has no such type (bfloat16, float8 and the like); lowering refuses them before.
    """
    if data_type is None:
        raise KeyError("a value has no type")
    return int(getattr(schema.TensorType, _PAIRS[data_type]))


def has_tensor_type(data_type: ir.DataType | None) -> bool:
    """Whether TFLite has the type."""
    return data_type in _PAIRS

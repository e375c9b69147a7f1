"""What an artifact computes with, read from the file itself: tolerances follow from it."""

from pathlib import Path
from typing import Any

from portproof.exporter.report.parts import TargetName

_ROUNDED = frozenset(
    {
        "constexpr_affine_dequantize",
        "constexpr_blockwise_shift_scale",
        "constexpr_lut_to_dense",
        "constexpr_lut_to_sparse",
        "constexpr_sparse_blockwise_shift_scale",
        "dequantize",
        "quantize",
    }
)
"""Operators of Core ML whose presence says that numbers were rounded to a few bits."""


def precision_of(path: Path, target: TargetName) -> str:
    """``"int8"`` for a file that rounds to quantized tensors, ``"float16"`` for one with float16 ones, or weights.

    Else ``"float32"``; an ONNX file is never ``"float16"``.

    Raises:
        PortproofError: ``E-MODEL-FORMAT`` for a damaged file.
    """
    if target == "coreml":
        return _of_package(path)
    if target == "coreai":
        from portproof.runtimes.coreai_adapter import summary

        return "float16" if "Float16" in summary(path).compute_types else "float32"
    if target != "tflite":
        from portproof.exporter import onnx_wire

        return "int8" if b"QuantizeLinear" in onnx_wire.read(path)[0] else "float32"
    from portproof.runtimes.tflite_schema import read, schema

    model = read(path)
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    if any(_is_quantized(tensor) for tensor in tensors):
        return "int8"
    return "float16" if schema.TensorType.FLOAT16 in {tensor.type for tensor in tensors} else "float32"


def _is_quantized(tensor: Any) -> bool:
    parameters = tensor.quantization
    return parameters is not None and parameters.scale is not None and len(parameters.scale) > 0


def _of_package(path: Path) -> str:
    from portproof.runtimes.coreml.parse import read
    from portproof.runtimes.coreml.walk import operations, tensor_types

    package = read(path)
    functions = package.functions.values()
    if any(operation.type in _ROUNDED for function in functions for operation in operations(function)):
        return "int8"
    types = {kind.dtype for function in functions for kind in tensor_types(function)}
    return "float16" if "float16" in types else "float32"
